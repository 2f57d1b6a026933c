"""fog: the draws of its plasma, and what it adds to black."""

from __future__ import annotations

import torch

from tests.corruptions.laws import draw, is_uniform
from tests.corruptions.one_row import corrupt_row


def test_plasma_has_one_draw_for_each_point_but_the_corner():
    (uniforms,) = draw("fog", (1, 2), size=33)
    assert uniforms.shape == (200, 64 * 64 - 1)
    assert is_uniform(uniforms, 0, 1)
    assert draw("fog", (1, 2), size=32)[0].shape == (200, 32 * 32 - 1)
    assert draw("fog", (1, 2), size=224, number=1)[0].shape == (1, 256 * 256 - 1)


def test_black_images_stay_black_in_fog():
    black = torch.zeros(2, 32, 32, 3, dtype=torch.uint8)
    assert not corrupt_row("fog", black, (3, 1.4)).any()
