from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.errors import DataError
from robustbench_ln.metrics.flips import (
    Sharing,
    count_comparisons,
    count_flips,
    mean_estimate,
    mean_ratio,
    sum_top5_distances,
    units_of_sequences,
)
from robustbench_ln.metrics.student import mean_bounds
from robustbench_ln.metrics.units import find_units
from tests.references.flip_reference import flip_probability, mean_top5_distance


def test_flips_by_hand() -> None:
    classes = np.array([[3, 3, 4, 3], [1, 2, 2, 2]])
    assert count_flips(classes, is_noise=False).tolist() == [2, 1]
    assert count_flips(classes, is_noise=True).tolist() == [1, 3]
    assert count_comparisons(4, is_noise=True, step=2) == 3
    assert count_comparisons(4, is_noise=False, step=2) == 2


def test_distances_by_hand() -> None:
    same, swapped, shifted, other = (
        [0, 1, 2, 3, 4],
        [1, 0, 2, 3, 4],
        [9, 0, 1, 2, 3],
        [5, 6, 7, 8, 9],
    )
    ranked = np.array([[same, swapped], [same, shifted], [same, other], [same, same]])
    assert sum_top5_distances(ranked, is_noise=False).tolist() == [2, 5, 15, 0]


def test_noise_is_compared_with_the_first_frame() -> None:
    same, other = [0, 1, 2, 3, 4], [5, 6, 7, 8, 9]
    ranked = np.array([[same, other, same]])
    assert sum_top5_distances(ranked, is_noise=False).tolist() == [30]
    assert sum_top5_distances(ranked, is_noise=True).tolist() == [15]


@pytest.mark.parametrize("is_noise", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_paper_says_the_same(seed: int, is_noise: bool) -> None:
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=(7, 6))
    flips = count_flips(classes, is_noise=is_noise)
    assert flips.mean() / 5 == pytest.approx(
        flip_probability(classes.tolist(), is_noise), abs=1e-12
    )
    orders = np.argsort(rng.random((7, 6, 12)), axis=-1)  # all 12 classes, best first
    distances = sum_top5_distances(orders[..., :5], is_noise=is_noise)
    expected = mean_top5_distance(orders.tolist(), is_noise)
    assert distances.mean() / 5 == pytest.approx(expected, abs=1e-12)


def test_what_has_no_comparison_is_refused() -> None:
    with pytest.raises(DataError, match="sequences of 1 frames; expected 2 or more"):
        count_flips(np.zeros((4, 1), dtype=int), is_noise=False)
    with pytest.raises(DataError, match="4 ranked classes; the top-5 distance needs 5"):
        sum_top5_distances(np.zeros((4, 3, 4), dtype=int), is_noise=False)


def test_sequences_whose_frames_share_a_set_are_one_unit() -> None:
    # sets of 8 frames and sequences of 6 meet every 24 frames: 4 sequences
    assert units_of_sequences(20, [Sharing(6, 8)]).starts[0].tolist() == [0, 4, 8, 12, 16]
    assert units_of_sequences(20, [Sharing(6, 3)]).num_units == 20
    assert units_of_sequences(3, [Sharing(6, 128)]).num_units == 1
    crossing = units_of_sequences(24, [Sharing(6, 8), Sharing(5, 15), Sharing(6, None)])
    assert crossing.set_sizes == (4, 3)


def test_intervals_of_means_are_students_on_units() -> None:
    values = np.random.default_rng(0).random(40)
    units = units_of_sequences(40, [Sharing(6, 8)])
    estimate = mean_estimate(15 * values, units, most=15)
    low, high = mean_bounds(values, find_units(40, [4])).pick()
    assert estimate.value == pytest.approx(15 * values.mean())
    assert estimate.interval == pytest.approx((15 * low, 15 * high))
    assert mean_estimate(values, units_of_sequences(40, [Sharing(6, 120)])).interval is None


def test_a_ratio_is_the_mean_of_ratios_with_students_interval() -> None:
    values = np.random.default_rng(0).random((2, 30))
    baseline = np.array([0.5, 0.1])
    estimate = mean_ratio(values, baseline, units_of_sequences(30, [Sharing(6, None)]))
    by_sequence = (values[0] / 0.5 + values[1] / 0.1) / 2
    assert estimate.value == pytest.approx(by_sequence.mean())
    margin = 2.045229642 * by_sequence.std(ddof=1) / np.sqrt(30)  # t of 29 degrees of freedom
    assert estimate.interval == pytest.approx(
        (by_sequence.mean() - margin, by_sequence.mean() + margin)
    )
