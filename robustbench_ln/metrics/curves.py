"""Numbers that sum up an accuracy-sigma curve, linear between its points.

Every function takes many curves at once. The interval of a sigma at which a curve falls to some
height is where the curve's band does: from where its lower edge falls there to where its upper edge
does. The band is the 95 % interval at each measured sigma, linear between them as the curve is; a
curve from the same images is known better between them, never worse.

Source: inverting an interval: Fieller 1954, "Some problems in interval estimation".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.intervals import Bounds
from robustbench_ln.metrics.student import linear_bounds
from robustbench_ln.metrics.units import MIN_UNITS, Units

__all__ = [
    "area_under_curve",
    "break_even_bounds",
    "break_even_sigma",
    "half_accuracy_bounds",
    "half_accuracy_sigma",
]

Floats = NDArray[np.float64]
Outcomes = Floats | NDArray[np.bool_]


def area_under_curve(sigmas: Floats, accuracy: Floats) -> Floats:
    """Return the mean height of each curve, 0..1: its area over the width of its sigmas.

    Args:
        sigmas: [S], ascending.
        accuracy: [..., S], 0..1.

    Returns: [...].

    Raises:
        RecordError: Fewer than two sigmas, or not ascending.
    """
    _check_sigmas(sigmas)
    return np.asarray(np.trapezoid(accuracy, sigmas, axis=-1) / (sigmas[-1] - sigmas[0]))


def half_accuracy_sigma(sigmas: Floats, accuracy: Floats) -> Floats:
    """Return the smallest sigma at which a curve has fallen to half of its clean accuracy.

    Args:
        sigmas: [S], ascending, the first one 0 (clean).
        accuracy: [..., S], 0..1.

    Returns: [...]; inf where it stays above in the whole range.

    Raises:
        RecordError: Fewer than two sigmas, not ascending, or without the clean images.
    """
    _check_sigmas(sigmas)
    if sigmas[0] != 0:
        raise RecordError(
            f"the curve begins at sigma {sigmas[0]:g}; half of the clean accuracy needs sigma 0"
        )
    height = accuracy - accuracy[..., :1] / 2
    return _crossing(sigmas, height, height <= 0)


def break_even_sigma(sigmas: Floats, accuracy: Floats, other: Floats) -> Floats:
    """Return the sigma at which the curve that was lower first overtakes the other.

    Curves that meet and part again as before have not crossed.

    Args:
        sigmas: [S], ascending.
        accuracy: [..., S], 0..1.
        other: The same shape.

    Returns: [...]; inf where neither overtakes the other in the whole range.

    Raises:
        RecordError: Fewer than two sigmas, or not ascending.
    """
    _check_sigmas(sigmas)
    height = (accuracy - other) * _sign_of_lead(accuracy - other)[..., None]
    return _crossing(sigmas, height, height < 0)


def half_accuracy_bounds(sigmas: Floats, outcomes: Outcomes, units: Units) -> Bounds:
    """Return the intervals of `half_accuracy_sigma`; an end is inf beyond the measured range.

    Args:
        sigmas: [S], ascending, the first one 0 (clean).
        outcomes: [..., S, N], 0..1, whether each image was right.
        units: Units of the N images.
    """
    height = outcomes - outcomes[..., :1, :] / 2
    return _fall_bounds(sigmas, height, units, is_past=np.less_equal)


def break_even_bounds(sigmas: Floats, outcomes: Outcomes, others: Outcomes, units: Units) -> Bounds:
    """Return the intervals of `break_even_sigma`; an end is inf beyond the measured range.

    The lower end is the first sigma where the side that leads is not clearly ahead.

    Args:
        sigmas: [S], ascending.
        outcomes: [..., S, N], 0..1, whether each image was right.
        others: The same shape and images.
        units: Units of the N images.
    """
    difference = outcomes - others.astype(np.float64)
    height = difference * _sign_of_lead(difference.mean(axis=-1))[..., None, None]
    return _fall_bounds(sigmas, height, units, is_past=np.less)


def _fall_bounds(sigmas: Floats, height: Floats, units: Units, *, is_past: np.ufunc) -> Bounds:
    """Return where the edges of the band of mean heights, [..., S, N], are first past 0."""
    mean = height.mean(axis=-1)
    band = linear_bounds(mean, height - mean[..., None], units)
    missing = np.nan if units.num_units < MIN_UNITS else 0.0
    low, high = (_crossing(sigmas, edge, is_past(edge, 0.0)) + missing for edge in band)
    return Bounds(low, high)


def _sign_of_lead(difference: Floats) -> Floats:
    """Return [...]: the sign of the first difference [..., S] that is not 0."""
    first_apart = (difference != 0).argmax(axis=-1)
    return np.asarray(np.sign(_pick(difference, first_apart)))


def _check_sigmas(sigmas: Floats) -> None:
    if len(sigmas) < 2 or not (np.diff(sigmas) > 0).all():
        raise RecordError(
            f"a curve over the sigmas {', '.join(f'{sigma:g}' for sigma in sigmas)}: "
            "expected two or more, ascending"
        )


def _crossing(sigmas: Floats, height: Floats, is_past: NDArray[np.bool_]) -> Floats:
    """Return where height [..., S] is 0 before it is first past it; inf where it never is."""
    right = np.maximum(is_past.argmax(axis=-1), 1)
    above, below = _pick(height, right - 1), _pick(height, right)
    drop = np.where(above > below, above - below, 1.0)
    where = sigmas[right - 1] + (sigmas[right] - sigmas[right - 1]) * above / drop
    where = np.where(is_past[..., 0], sigmas[0], where)
    return np.where(is_past.any(axis=-1), where, np.inf)


def _pick(values: Floats, index: NDArray[np.int64]) -> Floats:
    return np.take_along_axis(values, index[..., None], axis=-1)[..., 0]
