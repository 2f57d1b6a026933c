"""motion_blur: its angles, its offsets, and the sum along them."""

from __future__ import annotations

import numpy as np
import torch

from robustbench_ln.corruptions.filters import (
    sum_of_shifts,
)
from robustbench_ln.corruptions.motion import motion_offsets, streak, sum_along
from tests.corruptions.laws import draw, is_uniform
from tests.corruptions.sample_images import sample_images


def test_angles():
    (angles,) = draw("motion_blur", (6, 1), number=3000)
    assert is_uniform(angles, -45, 45)


def test_motion_blur_is_the_float64_sum():
    images = sample_images(60, 40, 40)
    angles = torch.linspace(-45, 45, 60, dtype=torch.float64)
    ours = streak(images, angles, radius=9, sigma=2.5)
    weights = np.exp(-(np.arange(19) ** 2) / (2 * 2.5**2))
    sums = sum_along(images.double(), motion_offsets(angles.numpy(), 19), weights / weights.sum())
    sixteen_bit = (sums * 257 + 0.5).floor()
    assert torch.equal(ours, (sixteen_bit / 257).floor().to(torch.uint8))


def test_motion_equals_sums_of_shifts_though_taps_may_coincide():
    images = sample_images(40).double()
    offsets = motion_offsets(np.linspace(-180, 180, 40), 13)
    pairs = offsets.transpose(1, 2, 0)  # [N, taps, 2]
    assert any(len(np.unique(taps, axis=0)) < 13 for taps in pairs)
    weights = np.linspace(1, 2, 13)
    expected = sum_of_shifts(images, torch.from_numpy(offsets), weights, border="edge")
    torch.testing.assert_close(sum_along(images, offsets, weights), expected, rtol=1e-12, atol=1e-9)
