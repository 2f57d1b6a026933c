from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from robustbench_ln.metrics.student import (
    difference_bounds,
    linear_bounds,
    mean_bounds,
    student_test,
)
from robustbench_ln.metrics.units import find_units
from robustbench_ln.rng import stream
from tests.references import interval_reference as reference


def in_sets(num_images: int, size: int, *, mean: float, name: str) -> np.ndarray:
    """Right or wrong, [N], the sets at very different levels."""
    generator = stream(0, "student", name)
    level = generator.uniform(-0.3, 0.3, size=num_images // size + 1)
    return generator.random(num_images) < mean + np.repeat(level, size)[:num_images]


@pytest.mark.parametrize(
    ("num_images", "size"), [(96, 32), (80, 16), (84, 16), (90, 16), (61, 1), (60, 7)]
)
def test_a_mean_agrees_with_the_reference(num_images: int, size: int) -> None:
    values = in_sets(num_images, size, mean=0.6, name="mean").astype(float)
    low, high = mean_bounds(values, find_units(num_images, [size]))
    expected = reference.mean_interval(values.tolist(), reference.blocks_of(num_images, size))
    assert (low, high) == pytest.approx(expected, rel=1e-10)


@given(st.integers(3, 60), st.integers(1, 8), st.integers(0, 10**6))
def test_a_mean_over_conditions_agrees_with_the_reference(n: int, size: int, seed: int) -> None:
    values = stream(seed, "pooled").integers(0, 4, size=n) / 3
    units = find_units(n, [size])
    low, high = mean_bounds(values, units)
    if units.num_units < 3:
        assert np.isnan([low, high]).all()
        return
    expected = reference.mean_interval(values.tolist(), reference.blocks_of(n, size))
    assert (low, high) == pytest.approx(expected, rel=1e-7, abs=1e-7)
    assert 0 <= low <= values.mean() + 1e-12
    assert values.mean() - 1e-12 <= high <= 1


def test_many_estimates_are_those_of_each() -> None:
    values = np.stack([in_sets(100, 16, mean=m, name=f"{m}") for m in (0.3, 0.5, 0.9)])
    units = find_units(100, [16])
    low, high = mean_bounds(values, units)
    each = [mean_bounds(value, units) for value in values]
    assert low.tolist() == [float(one.low) for one in each]
    assert high.tolist() == [float(one.high) for one in each]


def test_many_images_alone_have_wilsons_interval() -> None:
    right = in_sets(4000, 1, mean=0.7, name="images")
    expected = proportion_confint(int(right.sum()), 4000, method="wilson")
    # t with 3,999 degrees of freedom, and U / (U - 1), are within 0.1 % of z and 1.
    assert mean_bounds(right, find_units(4000, [1])) == pytest.approx(expected, abs=2e-5)


def test_units_that_are_alike_have_wilsons_interval() -> None:
    right = np.tile([True, False, True, True], 32)
    expected = proportion_confint(96, 128, method="wilson")
    assert mean_bounds(right, find_units(128, [32])) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("value", [True, False])
def test_all_right_and_all_wrong_have_an_interval(value: bool) -> None:
    low, high = mean_bounds(np.full(60, value), find_units(60, [20]))
    edge = stats.t.ppf(0.975, 2) ** 2 / (60 + stats.t.ppf(0.975, 2) ** 2)
    assert (low, high) == pytest.approx((1 - edge, 1) if value else (0, edge), abs=1e-12)


def test_a_difference_of_sets_is_the_paired_t_interval_of_their_means() -> None:
    first = in_sets(80, 16, mean=0.7, name="first")
    second = in_sets(80, 16, mean=0.4, name="second")
    means = (first.astype(float) - second).reshape(5, 16).mean(axis=1)
    expected = stats.t.interval(0.95, 4, means.mean(), stats.sem(means))
    assert difference_bounds(first, second, find_units(80, [16])) == pytest.approx(expected)


def test_a_difference_of_units_that_differ_in_size_is_cochrans() -> None:
    first = in_sets(90, 16, mean=0.7, name="first")
    second = in_sets(90, 16, mean=0.4, name="second")
    difference = first.astype(float) - second
    blocks = reference.blocks_of(90, 16)
    half = stats.t.ppf(0.975, 5) * np.sqrt(reference.ratio_variance(difference.tolist(), blocks))
    expected = difference.mean() - half, difference.mean() + half
    assert difference_bounds(first, second, find_units(90, [16])) == pytest.approx(expected)


@pytest.mark.parametrize(
    "counts", [(20, 7, 3, 10), (30, 0, 0, 10), (12, 12, 12, 12), (5, 20, 15, 5), (33, 3, 0, 0)]
)
def test_a_difference_is_never_narrower_than_newcombes(counts: tuple[int, ...]) -> None:
    first = np.repeat([True, True, False, False], counts)
    second = np.repeat([True, False, True, False], counts)
    alike = np.tile(first, 4), np.tile(second, 4)  # four units that are alike
    units = find_units(4 * len(first), [len(first)])
    expected = reference.newcombe_interval(*(4 * count for count in counts))
    assert difference_bounds(*alike, units) == pytest.approx(expected, rel=1e-9)


def test_newcombe_agrees_with_the_published_example() -> None:
    """Bentur et al. 2009 in Fagerland, Lydersen and Laake 2014, table 3."""
    assert reference.newcombe_interval(1, 1, 7, 12) == pytest.approx((-0.507, -0.026), abs=5e-4)


def test_a_difference_stays_within_one() -> None:
    first = np.repeat([True, False, True], 4)
    low, high = difference_bounds(first, ~first, find_units(12, [4]))
    assert (low, high) == (-1, 1)


@pytest.mark.parametrize("sizes", [(10, 4), (16, 6)])
def test_sets_that_cross_are_clustered_in_two_ways(sizes: tuple[int, int]) -> None:
    first = in_sets(120, sizes[0], mean=0.7, name="first")
    second = in_sets(120, sizes[1], mean=0.4, name="second")
    difference = first.astype(float) - second
    blocks = [reference.blocks_of(120, size) for size in sizes]
    variance = reference.two_way_variance(difference.tolist(), *blocks)
    half = stats.t.ppf(0.975, len(blocks[0]) - 1) * np.sqrt(variance)
    expected = difference.mean() - half, difference.mean() + half
    units = find_units(120, sizes)
    assert difference_bounds(first, second, units) == pytest.approx(expected)
    p_value = 2 * stats.t.sf(abs(difference.mean()) / np.sqrt(variance), len(blocks[0]) - 1)
    assert student_test(difference, units) == pytest.approx(
        max(p_value, 2.0 ** (1 - units.num_units))
    )


def test_no_p_value_is_below_that_of_sign_flips() -> None:
    assert student_test(np.ones(60), find_units(60, [10, 4])) == 2 / 2**6
    assert student_test(np.zeros(60), find_units(60, [10, 4])) == 1
    assert student_test(np.ones(12), find_units(12, [10, 4])) == 1


def test_a_linear_number_has_the_t_interval_of_its_influence() -> None:
    influence = in_sets(60, 10, mean=0.5, name="linear") - 0.4
    influence -= influence.mean()
    low, high = linear_bounds(np.array(2.0), influence, find_units(60, [10]))
    half = stats.t.ppf(0.975, 5) * stats.sem(influence.reshape(6, 10).mean(axis=1))
    assert (low, high) == pytest.approx((2 - half, 2 + half))
    alike = np.tile([0.5, -0.5], 30)  # six units that are alike: as independent images
    half = reference.Z * 0.5 / np.sqrt(60)
    assert linear_bounds(np.array(2.0), alike, find_units(60, [10])) == pytest.approx(
        (2 - half, 2 + half)
    )


@pytest.mark.parametrize(("num_images", "size"), [(1, 1), (2, 1), (40, 20), (20, 20), (48, 20)])
def test_fewer_than_three_units_have_no_interval(num_images: int, size: int) -> None:
    right, units = in_sets(num_images, size, mean=0.5, name="few"), find_units(num_images, [size])
    assert mean_bounds(right, units).pick() is None
    assert difference_bounds(right, ~right, units).pick() is None
    assert linear_bounds(np.array(0.0), right - right.mean(), units).pick() is None
