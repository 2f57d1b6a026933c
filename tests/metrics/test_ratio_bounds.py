from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from robustbench_ln.metrics.corruption_error import (
    ErrorSums,
    mean_corruption_error,
    relative_mean_corruption_error,
)
from robustbench_ln.metrics.ratio_bounds import (
    mean_corruption_error_bounds,
    relative_mean_corruption_error_bounds,
)
from robustbench_ln.metrics.units import find_units
from robustbench_ln.rng import stream
from tests.references import interval_reference as reference

NUM_IMAGES = 44


def by_image(name: str) -> ErrorSums:
    """At how many of five severities each image was wrong, sets of 10 at very different levels."""
    generator = stream(0, "ratio", name)
    level = np.repeat(generator.uniform(0.2, 0.6, size=5), 10)[:NUM_IMAGES, None]
    wrong = generator.random((5, NUM_IMAGES, 15)) < level
    return ErrorSums(wrong.sum(axis=0), generator.random(NUM_IMAGES) < 0.1)


PUBLISHED = ErrorSums(np.linspace(1.0, 3.0, 15), np.array(0.1))


def weighted(
    errors: ErrorSums, weights: list[float], corruption: int, *, above_clean: bool
) -> float:
    """The sum of errors of weighted images, above the clean ones or not."""
    sums, clean = errors.by_corruption[:, corruption], errors.clean
    assert clean is not None
    rows = zip(weights, sums, clean, strict=True)
    return math.fsum(w * (s - 5 * above_clean * c) for w, s, c in rows) / math.fsum(weights)


@pytest.mark.parametrize("is_relative", [False, True])
@pytest.mark.parametrize("is_measured", [False, True])
def test_bounds_agree_with_a_numerical_derivative(is_relative: bool, is_measured: bool) -> None:
    errors, measured = by_image("network"), by_image("baseline")
    published = PUBLISHED.by_corruption - 5 * is_relative * 0.1

    def statistic(weights: list[float]) -> float:
        above = [weighted(errors, weights, c, above_clean=is_relative) for c in range(15)]
        below = list(published)
        if is_measured:
            below = [weighted(measured, weights, c, above_clean=is_relative) for c in range(15)]
        return math.fsum(a / b for a, b in zip(above, below, strict=True)) / 15

    influences = reference.influences(statistic, NUM_IMAGES)
    variance = reference.ratio_variance(influences, reference.blocks_of(NUM_IMAGES, 10))
    half = stats.t.ppf(0.975, 3) * math.sqrt(variance)
    value = statistic([1.0] * NUM_IMAGES)
    bounds_of = (
        relative_mean_corruption_error_bounds if is_relative else mean_corruption_error_bounds
    )
    found = bounds_of(errors, measured if is_measured else PUBLISHED, find_units(NUM_IMAGES, [10]))
    assert found == pytest.approx((value - half, value + half), rel=1e-6)
    number_of = relative_mean_corruption_error if is_relative else mean_corruption_error
    means = [
        ErrorSums(one.by_corruption.mean(axis=0), np.mean(one.clean)) for one in (errors, measured)
    ]
    assert number_of(means[0], means[1] if is_measured else PUBLISHED) == pytest.approx(value)


def test_the_baseline_itself_has_no_interval() -> None:
    errors = by_image("network")
    bounds = mean_corruption_error_bounds(errors, errors, find_units(NUM_IMAGES, [10]))
    assert bounds.pick() is None


def test_a_baseline_without_errors_gives_no_interval() -> None:
    errors = by_image("network")
    perfect = ErrorSums(np.zeros((NUM_IMAGES, 15)), np.zeros(NUM_IMAGES))
    units = find_units(NUM_IMAGES, [10])
    assert mean_corruption_error_bounds(errors, perfect, units).pick() is None
    assert relative_mean_corruption_error_bounds(errors, perfect, units).pick() is None


def test_fewer_than_three_units_give_none() -> None:
    bounds = mean_corruption_error_bounds(by_image("a"), PUBLISHED, find_units(NUM_IMAGES, [20]))
    assert bounds.pick() is None
