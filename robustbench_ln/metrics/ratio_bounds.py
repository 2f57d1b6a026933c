"""Intervals of mCE and relative mCE, linearised.

mCE is the mean of ratios R_c = A_c / B_c of sums of errors over the severities, of the network and
of the baseline. To first order image i moves R_c by (a_ic - R_c b_ic) / (N B_c), where a_ic and
b_ic are its own sums. A published baseline is no sample of these images: it is taken as it is, and
image i moves R_c by (a_ic - A_c) / (N B_c).

Source: Cochran 1977, "Sampling techniques", section 6.3: the variance of a ratio is that of
    the mean of a - R b.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.metrics.corruption_error import ErrorSums
from robustbench_ln.metrics.intervals import Bounds
from robustbench_ln.metrics.student import linear_bounds
from robustbench_ln.metrics.units import Units

__all__ = ["mean_corruption_error_bounds", "relative_mean_corruption_error_bounds"]

Floats = NDArray[np.float64]


def mean_corruption_error_bounds(errors: ErrorSums, baseline: ErrorSums, units: Units) -> Bounds:
    """Return the interval of mCE; NaN where no image moves it.

    Args:
        errors: Number of severities at which each image was wrong, [..., N, 15].
        baseline: The same of the same images, or published sums [15].
        units: Units of the N images, and of the sets of both.
    """
    return _mean_ratio_bounds(errors.by_corruption, baseline.by_corruption, units)


def relative_mean_corruption_error_bounds(
    errors: ErrorSums, baseline: ErrorSums, units: Units
) -> Bounds:
    """Return the interval of relative mCE, of the rises above clean errors, [..., N] of images."""
    return _mean_ratio_bounds(errors.above_clean(), baseline.above_clean(), units)


def _mean_ratio_bounds(above: Floats, below: Floats, units: Units) -> Bounds:
    is_published = below.ndim == 1
    mean_below = below if is_published else below.mean(axis=-2)  # [..., 15]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = above.mean(axis=-2) / mean_below
        share = np.broadcast_to(1 / mean_below, ratio.shape) / ratio.shape[-1]
        influence = np.einsum("...ic,...c->...i", above, share)
        if not is_published:
            influence -= np.einsum("...ic,...c->...i", below, ratio * share)
        influence -= influence.mean(axis=-1, keepdims=True)
        low, high = linear_bounds(ratio.mean(axis=-1), influence, units)
    is_moved = high - low > _ROUNDING
    return Bounds(np.where(is_moved, low, np.nan), np.where(is_moved, high, np.nan))


_ROUNDING = 1e-9
"""Width of an interval that no image moves: the baseline against itself."""
