from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustbench_ln.metrics.units import find_units
from tests.references.interval_reference import blocks_of


@given(st.integers(1, 200), st.integers(1, 12))
def test_units_are_those_of_the_reference(num_images: int, size: int) -> None:
    units = find_units(num_images, [size])
    expected = [block[0] for block in blocks_of(num_images, size)]
    assert units.starts[0].tolist() == expected
    assert (units.num_images, units.num_units) == (num_images, len(expected))


@given(st.integers(1, 300), st.lists(st.integers(1, 12), min_size=1, max_size=4))
def test_no_unit_cuts_a_set(num_images: int, sizes: list[int]) -> None:
    """Every set lies whole in a unit of one of the ways in which units are counted."""
    units = find_units(num_images, sizes)
    for size in sizes:
        edges = set(range(0, num_images, size))
        assert any(set(starts.tolist()) <= edges for starts in units.starts)


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        ([1], (1,)),
        ([1, 128], (128,)),
        ([128, 128], (128,)),
        ([16, 1, 128], (128,)),
        ([10, 128], (128, 10)),
        ([4, 6, 9], (36,)),
        ([4, 6, 12], (12,)),
    ],
)
def test_a_size_that_divides_another_is_left_out(sizes: list[int], kept: tuple[int, ...]) -> None:
    assert find_units(1000, sizes).set_sizes == kept


def test_a_short_last_set_is_no_unit_of_its_own() -> None:
    assert [find_units(n, [128]).num_units for n in (127, 128, 191, 192, 319, 320)] == [
        1, 1, 1, 2, 2, 3,
    ]  # fmt: skip
    assert find_units(1000, [128, 10]).num_units == 8


def test_units_of_one_image() -> None:
    units = find_units(1, [128])
    assert (units.num_units, units.are_images) == (1, False)
    assert find_units(5, [1]).are_images
    assert np.array_equal(find_units(5, [1]).starts[0], np.arange(5))
