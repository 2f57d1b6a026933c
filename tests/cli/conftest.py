from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from robustbench_ln.cli.main import main

MODEL_FILE = """
from torch import nn

def network():
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 8, 3), nn.BatchNorm2d(8),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5),
    )
"""


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


class Lab(NamedTuple):
    """A folder with a network, its weights and some images."""

    folder: Path

    def command(self, *extra: str, run: str = "run") -> list[str]:
        """A complete evaluate command; `extra` comes last and so overrides."""
        return [
            "evaluate", str(self.folder / "net.pt"), "--model", f"{self.folder}/net.py:network",
            "--normalize", "none", "--data", f"arrays:{self.folder}/data.npz",
            "--noise", "agn", "--sigmas", "0,0.5,1", "--stat-batch", "16",
            "--out", str(self.folder / run), *extra,
        ]  # fmt: skip


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    (tmp_path / "net.py").write_text(MODEL_FILE)
    scope: dict[str, Callable[[], torch.nn.Module]] = {}
    exec(MODEL_FILE, scope)  # type: ignore[arg-type]
    torch.manual_seed(0)
    torch.save(scope["network"]().state_dict(), tmp_path / "net.pt")
    generator = np.random.default_rng(0)
    np.savez(
        tmp_path / "data.npz",
        images=generator.integers(0, 256, (50, 12, 12, 3)).astype(np.uint8),
        labels=generator.integers(0, 5, 50),
    )
    return Lab(tmp_path)


def sharpen(lab: Lab) -> None:
    """Take the mean image out of the logits, so that images differ in their class."""
    scope: dict[str, Callable[[], torch.nn.Sequential]] = {}
    exec(MODEL_FILE, scope)  # type: ignore[arg-type]
    network = scope["network"]().eval()
    network.load_state_dict(torch.load(lab.folder / "net.pt"))
    with np.load(lab.folder / "data.npz") as arrays, torch.inference_mode():
        images = torch.from_numpy(arrays["images"]).permute(0, 3, 1, 2) / 255
        network[7].bias -= network(images).mean(dim=0)
    torch.save(network.state_dict(), lab.folder / "net.pt")


@pytest.fixture
def voting_lab(lab: Lab) -> Lab:
    """A lab whose network has LocalNorm; its five groups disagree."""
    sharpen(lab)
    state = torch.load(lab.folder / "net.pt")
    generator = torch.Generator().manual_seed(0)
    for name in ("1.weight", "1.bias", "4.weight", "4.bias"):
        value = state[name]
        state[name] = value + 0.05 * torch.randn((5, len(value)), generator=generator)
    for layer in ("1", "4"):
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            del state[f"{layer}.{name}"]
    torch.save({"state_dict": state, "num_groups": 5, "group_size": 4}, lab.folder / "net.pt")
    text = (lab.folder / "net.py").read_text()
    text = "from robustbench_ln import LocalNorm2d\n" + text
    text = text.replace("nn.BatchNorm2d(6)", "LocalNorm2d(6, 5)")
    (lab.folder / "net.py").write_text(text.replace("nn.BatchNorm2d(8)", "LocalNorm2d(8, 5)"))
    return lab


@pytest.fixture
def ln_bench(monkeypatch, capsys) -> Callable[..., Outcome]:
    """Runs the command line in this process."""

    def run(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["ln-bench", *words])
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        assert not re.search("[\ue000-\ue005]", captured.out + captured.err), "marks of a setting"
        return Outcome(int(caught.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def refuses(ln_bench) -> Callable[..., str]:
    """Runs a command that must fail with exit code 2 and one line on stderr; returns the line."""

    def run(*words: str) -> str:
        outcome = ln_bench(*words)
        lines = [line for line in outcome.err.splitlines() if not line.startswith("Warning")]
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert len(lines) == 1, outcome.err
        assert lines[0].startswith("Error: ")
        return lines[0]

    return run
