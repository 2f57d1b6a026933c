from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from scipy.interpolate import interp1d
from scipy.optimize import brentq

from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.curves import area_under_curve, break_even_sigma, half_accuracy_sigma

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
