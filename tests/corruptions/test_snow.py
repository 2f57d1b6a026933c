"""snow: the law of its draws, and what falls where, by hand."""

from __future__ import annotations

import torch
from scipy import stats

from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.corruptions.snow import add_snow
from tests.corruptions.laws import draw, is_uniform


def test_flakes_are_normal_and_fall_at_uniform_angles():
    normals, angles = draw("snow", CORRUPTIONS["snow"].parameters["cifar10-c"][0], number=3000)
    assert is_uniform(angles, -135, -45)
    assert stats.kstest(normals[:100].ravel(), "norm").pvalue > 1e-4


CALM = (0.0, 1.0, 1.0, 0.5, 4, 2.0, 0.8)
"""Without zoom; what is above 0.5 is a flake, and 0.8 of the image is kept."""


def snow_on(images: torch.Tensor, noise: torch.Tensor, row=CALM) -> torch.Tensor:
    return add_snow(images, (noise.double(), torch.full((len(images),), -90.0).double()), row)


def test_without_a_flake_the_image_is_paler():
    """0.8 x + 0.2 max(x, 1.5 grey + 127.5): of black 25.5, of red 100 and its grey 29.9 172.35."""
    images = torch.zeros(1, 8, 8, 3, dtype=torch.uint8)
    images[0, 1, 2] = torch.tensor([100, 0, 0])
    images[0, 3, 4] = 255
    snowy = snow_on(images, torch.zeros(1, 8, 8))
    assert snowy[0, 0, 0].tolist() == [25, 25, 25]
    assert snowy[0, 1, 2].tolist() == [114, 34, 34]
    assert snowy[0, 3, 4].tolist() == [255, 255, 255]


def test_noise_at_the_threshold_is_no_flake_and_everywhere_above_it_is_white():
    images = torch.zeros(1, 8, 8, 3, dtype=torch.uint8)
    assert snow_on(images, torch.full((1, 8, 8), 0.49)).unique().tolist() == [25]
    assert snow_on(images, torch.full((1, 8, 8), 1.0)).unique().tolist() == [255]


def test_every_flake_falls_at_the_opposite_place_too():
    images = torch.zeros(1, 9, 12, 3, dtype=torch.uint8)
    noise = torch.zeros(1, 9, 12)
    noise[0, 2, 3] = 0.7
    snowy = snow_on(images, noise)
    assert torch.equal(snowy, snowy.flip(1, 2))
    assert snowy[0, 2, 3, 0] == snowy[0, 6, 8, 0] > 25
