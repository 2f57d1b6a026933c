"""spatter: drops of water and of mud."""

from __future__ import annotations

import torch

from tests.corruptions.one_row import corrupt_row
from tests.corruptions.sample_images import sample_images


def test_spatter_without_a_drop_changes_nothing():
    images = sample_images(2)
    assert torch.equal(corrupt_row("spatter", images, (0, 0.1, 0.7, 0.7, 0.5, 0)), images)
