from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from scipy.stats import t

from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.curves import (
    area_under_curve,
    break_even_bounds,
    break_even_sigma,
    half_accuracy_bounds,
    half_accuracy_sigma,
)
from robustbench_ln.metrics.units import find_units
from robustbench_ln.rng import stream
from tests.references import interval_reference as reference

SIGMAS = np.array([0.0, 0.1, 0.5, 1.0, 2.0])
FALLING = np.array([0.92, 0.90, 0.60, 0.30, 0.12])
STEADY = np.array([0.88, 0.87, 0.70, 0.55, 0.30])


def test_area_agrees_with_scipy() -> None:
    both = np.stack([FALLING, STEADY])
    expected = [trapezoid(curve, SIGMAS) / 2.0 for curve in both]
    assert area_under_curve(SIGMAS, both) == pytest.approx(expected, rel=1e-14)
    assert area_under_curve(SIGMAS, np.full(5, 0.3)) == pytest.approx(0.3)


def test_half_accuracy_agrees_with_a_root_finder() -> None:
    root = brentq(lambda sigma: interp1d(SIGMAS, FALLING)(sigma) - 0.46, 0, 2)
    assert half_accuracy_sigma(SIGMAS, FALLING) == pytest.approx(root, rel=1e-9)


def test_half_accuracy_takes_the_first_fall() -> None:
    dips = np.array([0.8, 0.4, 0.6, 0.2, 0.2])
    assert half_accuracy_sigma(SIGMAS, dips) == pytest.approx(0.1)


def test_what_never_happens_is_infinite() -> None:
    curves = np.stack([FALLING, np.full(5, 0.9)])
    assert np.isinf(half_accuracy_sigma(SIGMAS, curves)).tolist() == [False, True]
    assert np.isinf(break_even_sigma(SIGMAS, FALLING, FALLING - 0.01))
    assert np.isinf(break_even_sigma(SIGMAS, FALLING, FALLING))


def test_break_even_agrees_with_a_root_finder() -> None:
    difference = interp1d(SIGMAS, FALLING - STEADY)
    root = brentq(difference, 0, 2)
    assert break_even_sigma(SIGMAS, FALLING, STEADY) == pytest.approx(root, rel=1e-9)
    assert break_even_sigma(SIGMAS, STEADY, FALLING) == pytest.approx(root, rel=1e-9)


@pytest.mark.parametrize(
    ("difference", "sigma"),
    [
        ([1, 0, 1, 1, -1], 1.5),  # meeting is no crossing
        ([0, 0, 1, -1, 1], 0.75),  # the first lead, from level curves
        ([1, 0, 0, -1, -1], 0.5),  # level, then overtaken: where the lead begins
        ([0, 0, 1, 1, 1], np.inf),
    ],
)
def test_break_even_of_curves_that_meet(difference: list[float], sigma: float) -> None:
    level = np.full(5, 0.5)
    assert break_even_sigma(SIGMAS, level + 0.1 * np.array(difference), level) == pytest.approx(
        sigma
    )


shares = st.lists(st.integers(0, 100), min_size=5, max_size=5).map(lambda n: np.array(n) / 100)


@given(shares, shares)
def test_the_curves_are_level_where_they_break_even(first: np.ndarray, second: np.ndarray) -> None:
    sigma = break_even_sigma(SIGMAS, first, second)
    assume(np.isfinite(sigma))
    assert interp1d(SIGMAS, first)(sigma) == pytest.approx(interp1d(SIGMAS, second)(sigma))


@given(st.lists(shares, min_size=3, max_size=3))
def test_many_curves_are_as_one_by_one(curves: list[np.ndarray]) -> None:
    stacked = np.stack(curves)
    halves = [float(half_accuracy_sigma(SIGMAS, curve)) for curve in curves]
    evens = [float(break_even_sigma(SIGMAS, curve, STEADY)) for curve in curves]
    assert half_accuracy_sigma(SIGMAS, stacked).tolist() == halves
    assert break_even_sigma(SIGMAS, stacked, np.stack([STEADY] * 3)).tolist() == evens


def test_curves_without_an_answer_are_refused() -> None:
    with pytest.raises(RecordError, match=r"over the sigmas 1: expected two or more, ascending"):
        area_under_curve(np.array([1.0]), np.array([0.5]))
    with pytest.raises(RecordError, match=r"over the sigmas 1, 1: expected two or more"):
        break_even_sigma(np.array([1.0, 1.0]), np.ones(2), np.ones(2))
    with pytest.raises(RecordError, match=r"begins at sigma 0\.1; half of the clean accuracy"):
        half_accuracy_sigma(SIGMAS[1:], FALLING[1:])


def band_reference(heights: np.ndarray, size: int) -> tuple[float, float]:
    """Where the edges of the band of per-image heights [S, N] come down to 0."""
    edges: tuple[list[float], list[float]] = ([], [])
    blocks = reference.blocks_of(heights.shape[1], size)
    for row in heights:
        by_units = np.sqrt(reference.ratio_variance(row.tolist(), blocks))
        margin = max(
            t.ppf(0.975, len(blocks) - 1) * by_units, reference.Z * np.sqrt(row.var() / len(row))
        )
        edges[0].append(row.mean() - margin)
        edges[1].append(row.mean() + margin)
    low, high = (reference.crossing(SIGMAS.tolist(), edge) for edge in edges)
    return low, high


def outcomes_of(curve: np.ndarray, num_images: int, name: str) -> np.ndarray:
    return stream(0, "curves", name).random((len(curve), num_images)) < curve[:, None]


@pytest.mark.parametrize(("num_images", "size"), [(400, 1), (480, 80), (460, 80)])
def test_bounds_are_where_the_band_falls(num_images: int, size: int) -> None:
    right, others = (outcomes_of(c, num_images, f"{c[0]}") for c in (FALLING, STEADY))
    units = find_units(num_images, [size])
    heights = right - right[:1] / 2
    found = half_accuracy_bounds(SIGMAS, right, units)
    assert found == pytest.approx(band_reference(heights, size), rel=1e-9)
    assert found.low < half_accuracy_sigma(SIGMAS, right.mean(axis=1)) < found.high
    difference = right.astype(float) - others
    lead = np.sign(next(mean for mean in difference.mean(axis=1) if mean))
    found = break_even_bounds(SIGMAS, right, others, units)
    assert found == pytest.approx(band_reference(lead * difference, size), rel=1e-9)


def test_a_lead_that_is_not_clear_may_end_at_once() -> None:
    right = outcomes_of(np.array([0.7, 0.7, 0.6, 0.3, 0.1]), 60, "first")
    others = outcomes_of(np.array([0.7, 0.7, 0.7, 0.7, 0.7]), 60, "second")
    others[0] = right[0]
    others[0, np.flatnonzero(right[0])[0]] = False
    low, high = break_even_bounds(SIGMAS, right, others, find_units(60, [1]))
    assert low == 0
    assert 0 < high < 2


def test_a_band_that_does_not_fall_has_no_end() -> None:
    right = outcomes_of(np.array([0.9, 0.9, 0.7, 0.5, 0.5]), 300, "first")
    low, high = half_accuracy_bounds(SIGMAS, right, find_units(300, [1]))
    assert 0.5 < low < 2
    assert high == np.inf
    steady = outcomes_of(np.full(5, 0.9), 300, "first")
    assert half_accuracy_bounds(SIGMAS, steady, find_units(300, [1])) == (np.inf, np.inf)
    never = np.zeros((5, 300), dtype=bool)
    assert half_accuracy_bounds(SIGMAS, never, find_units(300, [1])) == (0, 0)
    assert break_even_bounds(SIGMAS, never, never, find_units(300, [1])) == (np.inf, np.inf)


def test_few_units_have_no_bounds() -> None:
    right, units = outcomes_of(FALLING, 60, "few"), find_units(60, [30])
    assert half_accuracy_bounds(SIGMAS, right, units).pick() is None
    assert break_even_bounds(SIGMAS, right, ~right, units).pick() is None
