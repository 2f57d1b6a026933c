from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.comparison import Comparison, Side, compare_curves, compare_sides
from robustbench_ln.metrics.paired import adjust_holm, mcnemar_test
from robustbench_ln.metrics.student import mean_bounds, student_test
from robustbench_ln.metrics.units import find_units
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
    assert (last, 400) == (result.cells[-1].difference, result.units.num_units)


def test_intervals_of_independent_images_agree_with_a_paired_t_interval() -> None:
    first, second = make_side(0.9, 0.5), make_side(0.8, 0.5, name="b")
    result = compare(first, second, seed=0)
    difference = first.correct.astype(float) - second.correct
    for values, found in [
        *zip(difference, [cell.difference.interval for cell in result.cells], strict=True),
        (difference.mean(axis=0), result.pooled["all"].difference.interval),
    ]:
        expected = stats.t.interval(0.95, 399, values.mean(), stats.sem(values))
        # A set is an image; Newcombe's interval is within a tenth of an image of it.
        assert found == pytest.approx(expected, abs=0.0004)


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
    assert (result.cells[0].test, result.units.num_units) == ("sign-flip", 8)
    # All eight units favour the first side: 2 of 256 sign patterns are as extreme.
    assert result.cells[0].p_value == result.pooled["all"].p_value == 2 / 256


def test_images_that_rise_and_fall_together_count_as_one() -> None:
    sets = stream(1, "sets").random(50) < 0.5
    together = Side(correct=np.repeat(sets, 8)[None], set_size=8)
    wrong = Side(correct=np.zeros((1, 400), dtype=bool), set_size=1)
    expected = stats.t.interval(0.95, 49, sets.mean(), stats.sem(sets))
    result = compare(together, wrong, seed=0)
    assert result.pooled["all"].difference.interval == pytest.approx(expected)
    assert result.cells[0].difference == result.pooled["all"].difference
    assert result.units.num_units == 50


def test_sets_of_two_sizes_take_students_t() -> None:
    first = make_side(0.9, 0.5, set_size=50)
    second = make_side(0.7, 0.5, set_size=8, name="b")
    result = compare(first, second, seed=0)
    assert {cell.test for cell in result.cells} == {"student-t"}
    assert result.units.set_sizes == (50, 8)
    difference = first.correct.astype(float) - second.correct
    for cell, values in zip(result.cells, difference, strict=True):
        assert cell.p_value == student_test(values, result.units)
    assert result.pooled["all"].p_value == student_test(difference.mean(axis=0), result.units)


@pytest.mark.parametrize("num_images", [100, 200])
def test_fewer_than_three_sets_have_no_interval(num_images: int) -> None:
    sides = [
        make_side(0.9, 0.6, 0.2, set_size=100, num_images=num_images),
        make_side(0.8, 0.7, 0.1, num_images=num_images, name="b"),
    ]
    result = compare(*sides, seed=0)
    curves = compare_curves(SIGMAS, *sides)
    estimates = [cell.difference for cell in result.cells]
    estimates += [pooled.difference for pooled in result.pooled.values()]
    estimates += [*curves.areas, curves.area_difference, *curves.half_sigmas, curves.break_even]
    assert [estimate.interval for estimate in estimates] == [None] * 11
    assert result.cells[0].p_value >= 2.0 ** (1 - num_images // 100)
    assert estimates[0].value == sides[0].correct[0].mean() - sides[1].correct[0].mean()


def test_the_same_seed_gives_the_same_result() -> None:
    sides = make_side(0.9, set_size=8), make_side(0.8, name="b")
    assert compare(*sides, seed=1)[:2] == compare(*sides, seed=1)[:2]
    assert compare(*sides, seed=1)[:2] != compare(*sides, seed=2)[:2]


def test_curves_are_summed_up_with_intervals() -> None:
    first = make_side(0.9, 0.5, 0.1, num_images=2000)
    second = make_side(0.8, 0.7, 0.6, num_images=2000, name="b")
    result = compare_curves(SIGMAS, first, second)
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
    area = (first.correct[0] / 2 + first.correct[1] + first.correct[2] / 2) / 2  # of each image
    assert result.areas[0].interval == mean_bounds(area, find_units(2000, [1])).pick()


def test_sides_of_other_images_are_refused() -> None:
    with pytest.raises(RecordError, match="1 cells of 400 images, the other 2 of 400; compare"):
        compare(make_side(0.5), make_side(0.5, 0.5), seed=0)
