"""Numbers that sum up an accuracy-sigma curve, linear between its points.

Every function takes many curves at once, so that it runs over bootstrap resamples too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import RecordError

__all__ = ["area_under_curve", "break_even_sigma", "half_accuracy_sigma"]

Floats = NDArray[np.float64]


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
    difference = accuracy - other
    first_apart = (difference != 0).argmax(axis=-1)
    height = difference * np.sign(_pick(difference, first_apart))[..., None]
    return _crossing(sigmas, height, height < 0)


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
    return np.where(is_past.any(axis=-1), where, np.inf)


def _pick(values: Floats, index: NDArray[np.int64]) -> Floats:
    return np.take_along_axis(values, index[..., None], axis=-1)[..., 0]
