"""Where float32 and float64 fall on different sides of a whole level, the source decides.

Zoom blur adds up in float32, motion blur in ImageMagick's 16 bits (float64 for us): each is
computed the fast way and repeated the source's way where the fast way is in doubt. Many values
are needed to meet such places.
"""

from __future__ import annotations

import numpy as np
import torch

from robustbench_ln.corruptions.motion import motion_offsets, streak, sum_along
from robustbench_ln.corruptions.severities import SEVERITY_TABLES
from robustbench_ln.corruptions.zoom import blur_zoom
from tests.corruptions.sample_images import sample_images
from tests.references.corruption_reference import zoom_blur


def test_zoom_blur_is_the_float32_sum_in_flat_areas():
    levels = torch.arange(256, dtype=torch.uint8).view(16, 16, 1, 1).expand(16, 16, 8, 3)
    flat = levels.reshape(1, 16, 128, 3)  # eight equal pixels in a row, all levels
    for table in SEVERITY_TABLES.values():
        for row in table["zoom_blur"]:
            expected = np.floor(zoom_blur(flat[0].numpy(), row))
            np.testing.assert_array_equal(blur_zoom(flat, (), row)[0], expected)


def test_motion_blur_is_the_float64_sum():
    images = sample_images(60, 40, 40)
    angles = torch.linspace(-45, 45, 60, dtype=torch.float64)
    ours = streak(images, angles, radius=9, sigma=2.5)
    weights = np.exp(-(np.arange(19) ** 2) / (2 * 2.5**2))
    sums = sum_along(images.double(), motion_offsets(angles.numpy(), 19), weights / weights.sum())
    sixteen_bit = (sums * 257 + 0.5).floor()
    assert torch.equal(ours, (sixteen_bit / 257).floor().to(torch.uint8))
