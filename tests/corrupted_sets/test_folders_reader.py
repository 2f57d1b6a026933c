"""Reading the format of ImageNet-C; the sets are written here by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_ln.corrupted_sets.reader import open_stored
from robustbench_ln.corrupted_sets.writer import generate
from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.errors import DataError
from tests.corrupted_sets.sample_sets import N, make_spec


# ---- folders of pictures
@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """clean/CLASS/NAME.png and C/blur/glass_blur/SEVERITY/CLASS/NAME.JPEG of 16 x 16."""
    generator = np.random.default_rng(0)
    for wnid in ("n01440764", "n01443537"):
        for index in range(2):
            for place in ("clean", *(f"C/blur/glass_blur/{s}" for s in (1, 4))):
                suffix = "png" if place == "clean" else "JPEG"
                file = tmp_path / place / wnid / f"val_{index}.{suffix}"
                file.parent.mkdir(parents=True, exist_ok=True)
                pixels = generator.integers(0, 256, (16, 16, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(file)
    return tmp_path


def open_pictures(root: Path, **options):
    clean = load_images(f"imagenet:{root / 'clean'}", DataOptions())
    return clean, open_stored(f"imagenet-c:{root / 'C'}", clean, **options)


def test_pictures_are_matched_by_class_and_name(pictures):
    clean, stored = open_pictures(pictures)
    assert [(c.corruption, c.severity, c.origin) for c in stored.images] == [
        ("glass_blur", 1.0, "official"),
        ("glass_blur", 4.0, "official"),
    ]
    images = list(stored.images.values())[1]
    file = pictures / "C/blur/glass_blur/4/n01443537/val_0.JPEG"
    assert images.image_id(2) == str(file)
    assert np.array_equal(images.read([2])[0], np.asarray(Image.open(file)))
    assert images.labels.tolist() == clean.labels.tolist() == [0, 0, 1, 1]


def test_folders_of_ours_are_read_back(tmp_path, clean):
    spec = make_spec(("fog",), severities=(3,), format="folder")
    generate(clean, spec, out=tmp_path / "made")
    generate(clean, make_spec(("fog",), severities=(3,)), out=tmp_path / "arrays")
    (one,) = open_stored(f"corrupted:{tmp_path / 'made'}", clean).images.values()
    (other,) = open_stored(f"corrupted:{tmp_path / 'arrays'}", clean).images.values()
    assert np.array_equal(one.read(range(N)), other.read(range(N)))


def test_other_pictures_are_refused(pictures):
    level = pictures / "C/blur/glass_blur/4"
    (level / "n01443537/val_0.JPEG").rename(level / "n01443537/val_7.JPEG")
    with pytest.raises(DataError, match=r"4: no picture 'n01443537/val_0' .* \(1 of 4 are missing"):
        open_pictures(pictures)
    shutil.copy(level / "n01443537/val_7.JPEG", level / "n01443537/val_0.JPEG")
    with pytest.raises(DataError, match=r"5 pictures for 4 clean images, 'n01443537/val_7' has no"):
        open_pictures(pictures)
    (level / "n01443537/val_7.JPEG").unlink()
    open_pictures(pictures)
    Image.new("RGB", (8, 8)).save(level / "n01440764/val_0.JPEG")
    with pytest.raises(DataError, match=r"val_0.JPEG is 8x8x3, the clean images 16x16x3"):
        open_pictures(pictures)


def test_two_copies_of_a_corruption_are_refused(pictures):
    shutil.copytree(pictures / "C/blur/glass_blur", pictures / "C/glass_blur")
    with pytest.raises(DataError, match="give one of the two"):
        open_pictures(pictures)
