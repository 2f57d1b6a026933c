"""Who shares statistics: sizes of sets, and the weight of the running statistics."""

from __future__ import annotations

import math

import pytest

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import StatisticsLayout
from tests.norms.networks import set_layout


def test_wrong_numbers_are_refused():
    with pytest.raises(LayoutError, match="a statistics set has 0 images"):
        set_layout(0)
    with pytest.raises(LayoutError, match="prior= is -1"):
        StatisticsLayout.batch(4, prior=-1)
    with pytest.raises(LayoutError, match="prior= is nan"):
        StatisticsLayout.batch(4, prior=math.nan)


def test_rows_of_a_set_count_rotations():
    layouts = (
        StatisticsLayout.running(),
        StatisticsLayout.image(),
        StatisticsLayout.rot90(),
        set_layout(16),
        StatisticsLayout.batch(128),
    )
    assert [layout.rows_per_set for layout in layouts] == [1, 1, 4, 16, 128]
    assert [layout.is_single for layout in layouts] == [False, True, True, False, False]


def test_the_weight_of_running_statistics_is_that_of_so_many_images():
    """Schneider et al. 2020: N0 / (N0 + n)."""
    assert StatisticsLayout.batch(48, prior=16).running_weight(48) == 16 / 64
    assert StatisticsLayout.batch(8, prior=0.0).running_weight(8) == 0
    assert StatisticsLayout.batch(8, prior=math.inf).running_weight(8) == 1
    assert StatisticsLayout.batch(8).running_weight(8) == 0
