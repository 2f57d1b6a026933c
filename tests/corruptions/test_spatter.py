"""spatter: drops of water and of mud."""

from __future__ import annotations

import torch

from robustbench_ln.corruptions.spatter import add_spatter
from tests.corruptions.one_row import corrupt_row
from tests.corruptions.sample_images import sample_images


def test_spatter_without_a_drop_changes_nothing():
    images = sample_images(2)
    assert torch.equal(corrupt_row("spatter", images, (0, 0.1, 0.7, 0.7, 0.5, 0)), images)


def test_mud_covers_with_its_own_colour():
    """Noise of 1 everywhere is above the threshold: nothing of the image is seen."""
    images = sample_images(1)
    covered = add_spatter(images, (torch.ones(1, 32, 32).double(),), (0, 1, 1, 0.5, 1, 1))
    difference = covered[0].int() - torch.tensor([63, 42, 20])
    assert difference.min() >= -1  # float32 truncates 63 to 62 or 63
    assert difference.max() <= 0


def test_water_brightens_and_mud_leaves_what_it_does_not_cover():
    images = sample_images(1) // 2
    noise = torch.zeros(1, 32, 32).double()
    noise[0, 8:14, 8:14] = 1
    wet = add_spatter(images, (noise,), (0, 1, 0.5, 0.5, 0.5, 0)).int()
    assert (wet >= images.int()).all()
    assert (wet > images.int()).any()
    muddy = add_spatter(images, (noise,), (0, 1, 0.5, 0.5, 0.5, 1)).int()
    far = torch.ones(32, 32, dtype=torch.bool)
    far[4:18, 4:18] = False
    assert (muddy - images.int())[0, far].abs().max() <= 1
    assert (muddy[0, 10, 10] - torch.tensor([63, 42, 20])).abs().max() <= 1
