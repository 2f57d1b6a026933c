from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.comparison import Comparison, Side, compare_curves, compare_sides
from robustbench_ln.metrics.paired import adjust_holm, mcnemar_test
from robustbench_ln.rng import stream

SIGMAS = np.array([0.0, 0.5, 1.0])


def make_side(
    *accuracies: float, set_size: int = 1, num_images: int = 400, name: str = "a"
) -> Side:
    """Independent images that are right with these probabilities, one a cell."""
    draws = stream(0, name).random((len(accuracies), num_images))
    return Side(correct=draws < np.array(accuracies)[:, None], set_size=set_size)


def compare(first: Side, second: Side, *, seed: int) -> Comparison:
    """Compare, with all cells in one group and the last in another."""
    rows = range(len(first.correct))
    return compare_sides(first, second, groups={"all": rows, "last": rows[-1:]}, seed=seed)


def test_differences_are_of_accuracies() -> None:
    first, second = make_side(0.9, 0.5), make_side(0.8, 0.5, name="b")
    result = compare(first, second, seed=0)
    expected = first.correct.mean(axis=1) - second.correct.mean(axis=1)
    assert [cell.difference.value for cell in result.cells] == pytest.approx(expected)
    assert result.pooled["all"].difference.value == pytest.approx(expected.mean())
    last = result.pooled["last"].difference
    assert (last, 400) == (result.cells[-1].difference, result.num_units)


def test_intervals_of_independent_images_agree_with_a_paired_t_interval() -> None:
    first, second = make_side(0.9, 0.5), make_side(0.8, 0.5, name="b")
    result = compare(first, second, seed=0)
    difference = first.correct.astype(float) - second.correct
    for values, found in [
        *zip(difference, [cell.difference.interval for cell in result.cells], strict=True),
        (difference.mean(axis=0), result.pooled["all"].difference.interval),
    ]:
        expected = stats.t.interval(0.95, 399, values.mean(), stats.sem(values))
        # 1/400 is one image; 10,000 resamples leave about a tenth of that.
        assert found == pytest.approx(expected, abs=0.004)


def test_independent_images_take_mcnemar_with_holm() -> None:
    first, second = make_side(0.9, 0.5), make_side(0.8, 0.5, name="b")
    cells = compare(first, second, seed=0).cells
    assert {cell.test for cell in cells} == {"mcnemar"}
    p_values = [mcnemar_test(cell.discordance) for cell in cells]
    assert [cell.p_value for cell in cells] == p_values
    assert [c.adjusted_p_value for c in cells] == pytest.approx(adjust_holm(np.array(p_values)))


def test_shared_statistics_take_sign_flips_over_units() -> None:
    first = make_side(0.9, set_size=1)
    second = make_side(0.7, set_size=50, name="b")
    result = compare(first, second, seed=0)
    assert (result.cells[0].test, result.num_units) == ("sign-flip", 8)
    # All eight units favour the first side: 2 of 256 sign patterns are as extreme.
    assert result.cells[0].p_value == result.pooled["all"].p_value == 2 / 256


def test_images_that_rise_and_fall_together_count_as_one() -> None:
    sets = stream(1, "sets").random(50) < 0.5
    together = Side(correct=np.repeat(sets, 8)[None], set_size=8)
    wrong = Side(correct=np.zeros((1, 400), dtype=bool), set_size=1)
    expected = stats.t.interval(0.95, 49, sets.mean(), stats.sem(sets))
    result = compare(together, wrong, seed=0)
    # Resampled means lie on a grid of 1/50.
    assert result.pooled["all"].difference.interval == pytest.approx(expected, abs=0.02)
    assert result.num_units == 50


def test_the_same_seed_gives_the_same_result() -> None:
    sides = make_side(0.9, set_size=8), make_side(0.8, name="b")
    assert compare(*sides, seed=1) == compare(*sides, seed=1)
    assert compare(*sides, seed=1) != compare(*sides, seed=2)


def test_curves_are_summed_up_with_intervals() -> None:
    first = make_side(0.9, 0.5, 0.1, num_images=2000)
    second = make_side(0.8, 0.7, 0.6, num_images=2000, name="b")
    result = compare_curves(SIGMAS, first, second, seed=0)
    one, other = first.correct.mean(axis=1), second.correct.mean(axis=1)
    assert result.areas[0].value == pytest.approx((one[0] / 2 + one[1] + one[2] / 2) / 2)
    assert result.area_difference.value == pytest.approx(
        result.areas[0].value - result.areas[1].value
    )
    gap = one - other
    assert result.break_even.value == pytest.approx(0.5 * gap[0] / (gap[0] - gap[1]))
    assert result.half_sigmas[0].value == pytest.approx(0.5625, abs=0.05)
    for estimate in (*result.areas, result.area_difference, result.break_even):
        assert estimate.interval.low < estimate.value < estimate.interval.high
    assert result.half_sigmas[1] == (np.inf, (np.inf, np.inf))


def test_sides_of_other_images_are_refused() -> None:
    with pytest.raises(RecordError, match="1 cells of 400 images, the other 2 of 400; compare"):
        compare(make_side(0.5), make_side(0.5, 0.5), seed=0)
    with pytest.raises(RecordError, match="the 400 images are one statistics set"):
        compare(make_side(0.5, set_size=400), make_side(0.5), seed=0)
