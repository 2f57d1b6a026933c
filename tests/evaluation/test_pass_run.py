"""A pass that a network ends: what was measured is kept, and the mended network goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torch import Tensor, nn

import robustbench_ln as ln
from robustbench_ln.errors import LayoutError


class Net(nn.Module):
    """Fails at the last batch of noisy images, which has 4 images, until it is mended."""

    is_mended = False

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.passes: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        self.passes.append(len(images))
        if len(images) == 4 and not self.is_mended and images.std() > 0.3:
            images = images.view(8, -1)
        return self.norm(images).mean(dim=(-2, -1))


def test_a_run_goes_on_after_the_network_was_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.random.default_rng(0).integers(100, 150, (20, 8, 8, 3)).astype(np.uint8)
    asked = {
        "labels": np.arange(20) % 3, "normalize": "none", "modes": ["bn"], "noises": "agn",
        "sigmas": [0.0, 2.0], "out": tmp_path / "run", "device_batch": 8,
        "progress": ln.Silent(),
    }  # fmt: skip
    with pytest.raises(LayoutError, match="failed on 4 images of 3x8x8") as caught:
        ln.evaluate(Net(), images, convention="paper", **asked)
    assert "images.view(8, -1)" in caught.value.__notes__[0]
    kept = (tmp_path / "run" / "cells.jsonl").read_text()
    assert '"clean"' in kept
    assert '"agn"' not in kept

    monkeypatch.setattr(Net, "is_mended", True)
    frame = ln.evaluate(Net(), images, convention="paper", **asked)
    assert list(frame["total"]) == [20, 20]
    assert (tmp_path / "run" / "cells.jsonl").read_text().startswith(kept)
