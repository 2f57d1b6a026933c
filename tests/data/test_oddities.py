"""Notes about images with which nothing is wrong."""

from __future__ import annotations

import numpy as np

from robustbench_ln.data import ArrayImages
from robustbench_ln.data.oddities import find_oddities
from tests.data.pictures import load, make_folder


def test_an_empty_class_keeps_its_number_and_is_noted(tmp_path):
    source = make_folder(tmp_path)
    (tmp_path / "class aa").mkdir()
    images = load(source)
    assert images.labels.tolist() == [0, 2, 2]
    assert list(find_oddities(images)) == [
        f"{source}: 1 of 3 classes have no images ('class aa')",
    ]


def image_set(pixels, labels, class_names=()):
    return ArrayImages(
        source="arrays:x",
        kind="arrays",
        pixels=np.asarray(pixels, np.uint8),
        labels=np.asarray(labels),
        class_names=class_names,
    )


def test_repeated_images_and_empty_classes_are_noted():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3))
    assert list(find_oddities(image_set(pixels, [0, 1, 1, 0, 2], ("a", "b", "c")))) == []
    assert list(find_oddities(image_set(pixels, [0, 9, 1, 0, 2]))) == []
    pixels[3] = pixels[0]
    pixels[4] = pixels[0]
    assert list(find_oddities(image_set(pixels, [0, 2, 2, 0, 0], ("a", "b", "c", "", "d")))) == [
        "arrays:x: 2 of 4 classes have no images ('b' ...)",
        "arrays:x: 2 of 5 images repeat an earlier one",
    ]
