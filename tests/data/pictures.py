"""Tiny folders of pictures for the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def picture(height: int = 6, width: int = 8, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3))
    return Image.fromarray(pixels.astype(np.uint8))


def make_folder(root: Path, sizes=((6, 8), (6, 8), (6, 8))) -> str:
    """Picture SEED goes to class b, a, b, a, ... as bild_üSEED.png."""
    for seed, (height, width) in enumerate(sizes):
        folder = root / f"class {'ba'[seed % 2]}"
        folder.mkdir(parents=True, exist_ok=True)
        picture(height, width, seed).save(folder / f"bild_ü{seed}.png")
    return f"folder:{root}"
