"""Kinds, options that a kind does not have, and the images that come with the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustbench_ln.data import DataOptions, Framing, load_images
from robustbench_ln.errors import LnBenchError
from robustbench_ln.files.shipped import SHIPPED_IMAGES

DOWNLOAD = DataOptions(download=True)
RESIZED = DataOptions(framing=Framing(resize=8))
MAPPED = DataOptions(class_map=Path("map.json"))


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("cifar10", DataOptions(), "expected KIND:PATH, as in cifar10:data .*imagenet, cars"),
        ("arrays:", DataOptions(), "expected KIND:PATH"),
        ("cifar:x", DataOptions(), "unknown kind of images 'cifar'; did you mean 'cifar10'"),
        ("imagnet:x", DataOptions(), "did you mean 'imagenet'"),
        ("arrays:x.npz", RESIZED, "resize= and crop= are for folder, imagenet, cars; the images"),
        ("cifar10:x", MAPPED, "class_map= is for folder:DIR; cifar10 already has class numbers"),
        ("imagenet:x", MAPPED, "class_map= is for folder:DIR; imagenet already has class numbers"),
        ("arrays:x.npz", DOWNLOAD, "cannot fetch arrays; it fetches cifar10"),
        ("folder:x", DOWNLOAD, "cannot fetch folder"),
        ("cars:x", DOWNLOAD, "cannot fetch cars"),
        (
            "demo:digit",
            DataOptions(),
            "unknown demo images 'demo:digit'; did you mean 'demo:digits'",
        ),
        ("demo:batchnorm", DataOptions(), r"choose from demo:digits"),
        ("demo:digits", RESIZED, "resize= and crop= are for folder, imagenet, cars; the images"),
        ("demo:digits", MAPPED, "class_map= is for folder:DIR; demo already has class numbers"),
        ("demo:digits", DOWNLOAD, "cannot fetch demo; it fetches cifar10"),
        ("demo:digits", DataOptions(part="train"), "demo:digits has no training part: .*mnist:DIR"),
    ],
)
def test_wrong_sources_are_refused(source, options, message):
    with pytest.raises(LnBenchError, match=message):
        load_images(source, options)


@pytest.mark.parametrize(
    ("framing", "message"),
    [
        ({"crop": 0}, "crop= is 0; expected 1 or more pixels"),
        ({"resize": -3}, "resize= is -3; expected 1 or more pixels"),
        ({"resize": 8, "interpolation": "cubic"}, "unknown interpolation .*mean 'bicubic'"),
        ({"interpolation": "bicubic"}, "interpolation='bicubic' needs resize="),
    ],
)
def test_wrong_framings_are_refused(framing, message):
    with pytest.raises(LnBenchError, match=message):
        Framing(**framing)


def test_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 4, 4), np.uint8), labels=np.zeros(2, int))
    assert len(load_images("arrays:~/a.npz", DataOptions())) == 2


def test_digits_come_with_the_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images = load_images("demo:digits")
    assert (images.source, images.kind, images.shape) == ("demo:digits", "demo", (28, 28, 1))
    assert np.bincount(images.labels).tolist() == [100] * 10
    same = load_images(f"arrays:{SHIPPED_IMAGES['demo:digits'].path}")
    assert images.sha256() == same.sha256()
