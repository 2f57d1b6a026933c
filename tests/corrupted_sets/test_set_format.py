"""Units of work: which images are done as a whole or not at all."""

from __future__ import annotations

from robustbench_ln.corrupted_sets.set_format import split_units
from tests.corrupted_sets.sample_sets import make_images, make_spec


def test_units_cover_every_condition_in_equal_steps():
    conditions = make_spec(["fog", "snow"], [1]).conditions
    units = split_units(make_images(8), 8, conditions)  # 3 images a unit here
    assert [(u.condition.corruption, u.start, u.stop) for u in units] == [
        ("fog", 0, 3), ("fog", 3, 6), ("fog", 6, 8), ("snow", 0, 3), ("snow", 3, 6), ("snow", 6, 8),
    ]  # fmt: skip


def test_a_limit_cuts_and_an_image_that_is_larger_than_a_unit_is_one():
    conditions = make_spec(["fog"], [1]).conditions
    assert [u[1:] for u in split_units(make_images(8), 4, conditions)] == [(0, 3), (3, 4)]
    large = make_images(2, side=64)
    assert [u[1:] for u in split_units(large, 2, conditions)] == [(0, 1), (1, 2)]
