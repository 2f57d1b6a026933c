"""OpenCV on the CPU and sums of shifts elsewhere are the same filter."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from robustbench_ln.corruptions.filters import (
    correlate,
    fold_index,
    gaussian_weights,
    smooth,
    sum_of_shifts,
)

BORDERS = {"edge": "nearest", "mirror": "mirror", "symmetric": "reflect"}  # ours: SciPy's
PADS = {"edge": "edge", "mirror": "reflect", "symmetric": "symmetric"}  # NumPy's


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_fold_index_is_numpy_padding(border, size):
    if border == "mirror" and size == 1:
        return
    expected = np.pad(np.arange(size), 20, mode=PADS[border])
    assert fold_index(torch.arange(-20, size + 20), size, border).tolist() == expected.tolist()


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("shape", [(2, 9, 12), (2, 9, 12, 3)])
def test_filters_equal_scipy_and_sums_of_shifts(border, shape):
    generator = np.random.default_rng(0)
    images, kernel = generator.random(shape), generator.random((5, 7))
    axes = (*kernel.shape, *[1] * (len(shape) - 3))
    expected = [
        ndimage.correlate(image, kernel.reshape(axes), mode=BORDERS[border]) for image in images
    ]
    ours = correlate(torch.from_numpy(images), kernel, border=border)
    np.testing.assert_allclose(ours, expected, rtol=1e-12)
    rows, columns = np.mgrid[-2:3, -3:4]
    offsets = torch.from_numpy(np.stack([rows.ravel(), columns.ravel()])[:, None])
    shifted = sum_of_shifts(torch.from_numpy(images), offsets, kernel.ravel(), border=border)
    np.testing.assert_allclose(shifted, expected, rtol=1e-12)
    weights = gaussian_weights(1.3)
    expected = [
        ndimage.correlate1d(image, weights, axis=0, mode=BORDERS[border]) for image in images
    ]
    expected = [
        ndimage.correlate1d(image, weights, axis=1, mode=BORDERS[border]) for image in expected
    ]
    np.testing.assert_allclose(smooth(torch.from_numpy(images), weights, border=border), expected)


def test_gaussian_weights():
    weights = gaussian_weights(0.8)
    assert len(weights) == 7  # floor(4 x 0.8 + 0.5) = 3
    assert weights.sum() == pytest.approx(1)
    assert weights[2] / weights[3] == pytest.approx(np.exp(-1 / (2 * 0.64)))
    assert len(gaussian_weights(2.44, truncate=3.0)) == 15
