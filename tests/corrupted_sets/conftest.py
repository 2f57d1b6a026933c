"""Small units of work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustbench_ln.data.image_set import ArrayImages
from tests.corrupted_sets.sample_sets import N, make_images


@pytest.fixture(autouse=True)
def small_units(monkeypatch):
    """Three CIFAR images a unit, so that a few images are several units."""
    monkeypatch.setattr("robustbench_ln.corrupted_sets.set_format._UNIT_VALUES", 3 * 32 * 32 * 3)


@pytest.fixture
def clean() -> ArrayImages:
    return make_images(N)


@pytest.fixture
def folder(tmp_path: Path, clean: ArrayImages) -> Path:
    """CIFAR-10-C as published: pixel = 40 s + i in severity s of image i; fog adds 1."""
    root = tmp_path / "C"
    root.mkdir()
    for offset, name in enumerate(("glass_blur", "fog")):
        values = [40 * s + i + offset for s in range(1, 6) for i in range(N)]
        pixels = np.array(values, dtype=np.uint8)[:, None, None, None]
        np.save(root / f"{name}.npy", np.broadcast_to(pixels, (5 * N, *clean.shape)))
    np.save(root / "labels.npy", np.tile(clean.labels, 5).astype(np.uint8))
    return root
