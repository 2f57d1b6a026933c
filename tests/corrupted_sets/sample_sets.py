"""Small sources and specifications of generated sets."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_ln.corrupted_sets.reader import open_stored
from robustbench_ln.corrupted_sets.spec import GenerationSpec
from robustbench_ln.corruptions.conditions import corruption_conditions
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.errors import DataError, SpecError

N = 6
"""Clean images of the sets that are written by hand."""

NAMES = ("gaussian_noise", "motion_blur", "contrast")


def make_images(num_images: int = 7, channels: int = 3, side: int = 32) -> ArrayImages:
    generator = np.random.default_rng(0)
    return ArrayImages(
        source="arrays:sample.npz",
        kind="arrays",
        pixels=generator.integers(0, 256, (num_images, side, side, channels), dtype=np.uint8),
        labels=np.arange(num_images) % 3,
    )


def make_spec(names=NAMES, severities=(1, 5), **options) -> GenerationSpec:
    conditions = corruption_conditions(names, severity_table="cifar10-c", severities=severities)
    return GenerationSpec(conditions=conditions, **{"format": "npy", **options})


def tree_digest(folder: Path) -> dict[str, str]:
    """File -> digest, of every file but the lock."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def write_pictures(root: Path, *, side: int = 40) -> None:
    """Two classes of three PNGs each."""
    generator = np.random.default_rng(1)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for index in range(3):
            pixels = generator.integers(0, 256, (side, side, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{name}_{index}.png")


def refused(source: str, clean, **options) -> str:
    with pytest.raises((DataError, SpecError)) as caught:
        open_stored(source, clean, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)
