"""OpenCV on the CPU and sums of shifts elsewhere are the same filter."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage, sparse

from robustbench_ln.corruptions.elastic import warp_elastic
from robustbench_ln.corruptions.filters import (
    correlate,
    fold_index,
    gaussian_weights,
    smooth,
    sum_of_shifts,
)
from robustbench_ln.corruptions.motion import motion_offsets, sum_along
from robustbench_ln.corruptions.zoom import as_tensor, resample
from tests.corruptions.sample_images import sample_images

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


def test_motion_equals_sums_of_shifts_though_taps_may_coincide():
    images = sample_images(40).double()
    offsets = motion_offsets(np.linspace(-180, 180, 40), 13)
    pairs = offsets.transpose(1, 2, 0)  # [N, taps, 2]
    assert any(len(np.unique(taps, axis=0)) < 13 for taps in pairs)
    weights = np.linspace(1, 2, 13)
    expected = sum_of_shifts(images, torch.from_numpy(offsets), weights, border="edge")
    torch.testing.assert_close(sum_along(images, offsets, weights), expected, rtol=1e-12, atol=1e-9)


def test_resample_on_a_device_is_the_same_product():
    operator = sparse.csr_array(sparse.random(20, 20, 0.3, rng=0))
    images = torch.rand(3, 4, 5, 2, dtype=torch.float64)
    flat = images.flatten(1, 2).transpose(0, 1).flatten(1)
    product = torch.sparse.mm(as_tensor(operator, torch.device("cpu")), flat)
    product = product.view(20, 3, 2).transpose(0, 1).view(images.shape)
    torch.testing.assert_close(resample(operator, images), product)


def test_elastic_without_moves_changes_nothing_but_whole_levels_by_rounding():
    images = sample_images(2)
    none = (torch.zeros(2, 3, 2).double(), torch.zeros(2, 2, 32, 32).double())
    warped = warp_elastic(images, none, (0.1, 0.03, 0.03, 1))
    assert (images.int() - warped.int()).unique().tolist() == [0, 1]
