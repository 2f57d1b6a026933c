"""Noise in the place of images that are not there."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.data.image_set import ImageShape
from robustbench_ln.data.stand_in import is_missing, stand_in_for
from robustbench_ln.errors import DataError


def stand_in(source: str, **changes):
    fields = {"limit": None, "crop": None, "size": None, "channels": 3}
    return stand_in_for(source, **(fields | changes))


def test_published_sets_have_their_number_and_size():
    imagenet = stand_in("imagenet:x", size=224)
    assert (len(imagenet), imagenet.shape) == (50_000, ImageShape(224, 224, 3))
    assert stand_in("imagenet:x", size=224, crop=299).shape == ImageShape(299, 299, 3)
    mnist = stand_in("mnist:x", size=224, limit=7)
    assert (len(mnist), mnist.shape, mnist.kind) == (10_000, ImageShape(28, 28, 1), "mnist")


def test_every_image_is_read_as_the_same_noise():
    pixels = stand_in("cifar10:x").read([0, 5])
    assert pixels.shape == (2, 32, 32, 3)
    assert pixels.dtype == np.uint8
    assert (pixels[0] == pixels[1]).all()
    assert pixels.std() > 60


def test_only_folders_that_are_not_there_are_missing(tmp_path):
    assert is_missing(f"cifar10:{tmp_path / 'x'}")
    assert not is_missing(f"cifar10:{tmp_path}")
    assert not is_missing("demo:digits")
    assert not is_missing("arrays:nowhere.npz")


def test_what_nobody_says_is_asked_for():
    with pytest.raises(DataError, match="folder:x: not there; give limit='N' to estimate"):
        stand_in("folder:x", size=32)
    assert len(stand_in("folder:x", size=32, limit=9)) == 9
    with pytest.raises(DataError, match="imagenet:x: not there; give crop='N' to estimate"):
        stand_in("imagenet:x")
