from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.errors import DataError
from robustbench_ln.training import kept_images
from robustbench_ln.training.kept_images import KeptImages, keep_pixels
from tests.training.stages import striped_images


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(6):
        path = tmp_path / "images" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 3), (10 * number, 1, 2)).save(path)
    return tmp_path / "images"


def test_each_picture_is_read_once(folder: Path) -> None:
    images = load_images(f"folder:{folder}", DataOptions())
    expected = images.read(range(6))
    kept = keep_pixels(images)
    assert np.array_equal(kept.read([3, 1, 3]), expected[[3, 1, 3]])
    for path in sorted(folder.rglob("*.png")):
        if path.stem not in ("2", "3", "4"):  # a/0, a/2, a/4, b/1, b/3, b/5: 1 and 3 are a/2, b/1
            path.unlink()
    assert np.array_equal(kept.read(np.array([1, 3])), expected[[1, 3]])
    assert np.array_equal(kept.read([2, 1, 4]), expected[[2, 1, 4]])
    with pytest.raises(DataError, match="0.png"):
        kept.read([1, 0])


def test_what_was_read_cannot_be_changed(folder: Path) -> None:
    kept = keep_pixels(load_images(f"folder:{folder}", DataOptions()))
    first = kept.read([2])
    first[...] = 255
    assert kept.read([2]).max() == 40


def test_arrays_and_what_is_too_large_are_read_as_they_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = striped_images()
    assert keep_pixels(arrays) is arrays
    images = load_images(f"folder:{folder}", DataOptions())
    monkeypatch.setattr(kept_images, "_MOST_BYTES", 6 * 4 * 3 * 3)
    assert isinstance(keep_pixels(images), KeptImages)
    monkeypatch.setattr(kept_images, "_MOST_BYTES", 6 * 4 * 3 * 3 - 1)
    assert keep_pixels(images) is images
