"""Tiny folders of pictures for the tests."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from robustbench_ln.data import DataOptions, Framing, load_images


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


def load(source: str, *, class_map: Path | None = None, **framing):
    return load_images(source, DataOptions(framing=Framing(**framing), class_map=class_map))


def class_map(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "map.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path
