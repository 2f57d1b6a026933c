"""elastic_transform: the law of its moves, and no move at all."""

from __future__ import annotations

import torch

from robustbench_ln.corruptions.elastic import warp_elastic
from tests.corruptions.laws import draw, is_uniform
from tests.corruptions.sample_images import sample_images


def test_elastic_moves():
    corners, fields = draw("elastic_transform", (1, 1, 1, 0))
    assert corners.shape == (200, 3, 2)
    assert fields.shape == (200, 2, 32, 32)
    assert is_uniform(corners, -1, 1)
    assert is_uniform(fields, -1, 1)


def test_elastic_without_moves_changes_nothing_but_whole_levels_by_rounding():
    images = sample_images(2)
    none = (torch.zeros(2, 3, 2).double(), torch.zeros(2, 2, 32, 32).double())
    warped = warp_elastic(images, none, (0.1, 0.03, 0.03, 1))
    assert (images.int() - warped.int()).unique().tolist() == [0, 1]
