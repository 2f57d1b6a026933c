"""gaussian_blur and defocus_blur of a single white pixel: the kernel itself."""

from __future__ import annotations

import math

import pytest
import torch

from robustbench_ln.corruptions.blur import blur_defocus, blur_gaussian, defocus_kernel


def white_pixel(row: int, column: int) -> torch.Tensor:
    images = torch.zeros(1, 9, 11, 3, dtype=torch.uint8)
    images[0, row, column] = 255
    return images


def test_a_gaussian_ends_at_four_sigma_and_sums_to_one():
    weights = [math.exp(-(k**2) / (2 * 0.5**2)) for k in range(-2, 3)]
    weights = [0, 0, *(weight / sum(weights) for weight in weights), 0, 0]
    blurred = blur_gaussian(white_pixel(4, 5), (), (0.5,))
    expected = [[int(255 * down * right) for right in weights] for down in weights]
    for channel in range(3):
        assert blurred[0, :, 1:10, channel].tolist() == expected


def test_a_gaussian_repeats_the_edge():
    corner = blur_gaussian(white_pixel(0, 0), (), (1.0,))[0, 0, 0, 0].item()
    weights = [math.exp(-(k**2) / 2) for k in range(-4, 5)]
    assert corner == int(255 * (sum(weights[:5]) / sum(weights)) ** 2)


def test_a_disk_of_radius_one_is_a_cross_of_fifths():
    blurred = blur_defocus(white_pixel(4, 5), (), (1, 0.1))[0, ..., 1]
    assert blurred.nonzero().tolist() == [[3, 5], [4, 4], [4, 5], [4, 6], [5, 5]]
    assert blurred.unique().tolist() == [0, 51]


def test_a_disk_is_mirrored_at_the_border():
    blurred = blur_defocus(white_pixel(1, 5), (), (1, 0.1))[0, ..., 0]
    assert blurred[:4, 5].tolist() == [102, 51, 51, 0]  # the row above the first is the second


def test_a_disk_that_touches_its_grid_is_not_renormalised():
    assert defocus_kernel(3, 0.5).sum() == pytest.approx(1)
    assert defocus_kernel(8, 0.5).sum() == pytest.approx(1.0130, abs=1e-4)
    assert defocus_kernel(10, 0.5).sum() == pytest.approx(1.0108, abs=1e-4)
