"""95 % intervals where images share statistics: Student's t on units.

An estimate is a mean over images or, to first order, moves as one does: image i moves it by its
influence w_i / N, for a mean the image's outcome minus the mean. Influences of a unit are summed,
and U units give the variance

    V = U / (U - 1) * sum over units of (sum of the unit's w_i)^2 / N^2,

the ratio estimator's, for units may differ in size. Where sets of two sizes cross it is V of the
one size plus V of the other minus V of their intersections, and at least that of either size alone.

Intervals have the quantile of Student's t with U - 1 degrees of freedom, and are never narrower
than those of independent images: units that happen to be alike say nothing of the images in them.
Functions take many estimates at once, [...], and give NaN below `MIN_UNITS` units.

Sources: Cochran 1977, "Sampling techniques", chapters 6 and 9A (ratio to size); Liang and Zeger
1986, "Longitudinal data analysis using generalized linear models"; Cameron, Gelbach and Miller
2011, "Robust inference with multiway clustering", section 2 (two sizes).
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.metrics.intervals import Bounds
from robustbench_ln.metrics.student_t import t_quantile
from robustbench_ln.metrics.units import MIN_UNITS, Units

__all__ = ["difference_bounds", "linear_bounds", "mean_bounds", "student_test"]

Floats = NDArray[np.float64]

_Z = NormalDist().inv_cdf(0.975)
_NO_VARIANCE = 1e-18
"""Below it a variance is rounding of equal numbers."""

_ALL_ALIKE = 1e-12
"""Below it m (1 - m) is that of images that were all right, or all wrong."""


def mean_bounds(outcomes: Floats | NDArray[np.bool_], units: Units) -> Bounds:
    """Return intervals of means of outcomes in 0..1, which never leave 0..1.

    Wilson's interval with t for z, and for the number of images the one that would give as small a
    variance V if images were independent: m (1 - m) / V.

    Args:
        outcomes: [..., N], 0..1: whether an image was right, or its mean over several conditions.
        units: Units of the N images.

    Source: Wilson 1927; with an effective number: Korn and Graubard 1998, "Confidence intervals for
        proportions with small expected number of positive counts estimated from survey data".
    """
    mean, influence = _centre(outcomes)
    is_all_alike = mean * (1 - mean) < _ALL_ALIKE  # N: the limit of a single image that differs
    by_units = _score_bounds(
        mean,
        _unit_variance(influence, units),
        _t_quantile(units),
        number_if_alike=np.where(is_all_alike, units.num_images, np.inf),
    )
    by_images = _image_bounds(mean, influence)
    return _hull(by_units, by_images, units)


def difference_bounds(
    first: Floats | NDArray[np.bool_], second: Floats | NDArray[np.bool_], units: Units
) -> Bounds:
    """Return intervals of the mean of `first` minus the mean of `second`, paired by image.

    Args:
        first: [..., N], 0..1.
        second: The same shape.
        units: Units of the N images.
    """
    (one, influence), (other, its_influence) = _centre(first), _centre(second)
    deviation = np.sqrt(_unit_variance(influence - its_influence, units))
    margin = _t_quantile(units) * deviation
    by_units = Bounds(one - other - margin, one - other + margin)
    by_images = _newcombe_bounds((one, influence), (other, its_influence))
    low, high = _hull(by_units, by_images, units)
    return Bounds(np.maximum(low, -1.0), np.minimum(high, 1.0))


def linear_bounds(value: Floats, influence: Floats, units: Units) -> Bounds:
    """Return intervals of any numbers that are smooth functions of means over images.

    Args:
        value: [...].
        influence: [..., N], w above; its sum over the images is 0.
        units: Units of the N images.
    """
    by_units = _t_quantile(units) * np.sqrt(_unit_variance(influence, units))
    margin = np.maximum(by_units, _Z * np.sqrt(_image_variance(influence)))
    return Bounds(value - margin, value + margin)


def student_test(difference: Floats, units: Units) -> Floats:
    """Return two-sided p values of zero mean differences, where sets of two sizes cross.

    There no units can be flipped: each one depends on its neighbours. No p value is below the
    smallest that flips of as many units could have.

    Args:
        difference: [..., N], of each image.
        units: Units of the N images.

    Returns: [...]; 1 for fewer than two units.
    """
    from scipy.special import stdtr  # 0.3 s, which evaluations need not wait for

    mean, influence = _centre(difference)
    if units.num_units < 2:
        return np.ones_like(mean)
    deviation = np.sqrt(np.maximum(_unit_variance(influence, units), _NO_VARIANCE))
    p_value = 2 * stdtr(units.num_units - 1, -np.abs(mean) / deviation)
    return np.maximum(p_value, 2.0 ** (1 - units.num_units))


def _centre(outcomes: Floats | NDArray[np.bool_]) -> tuple[Floats, Floats]:
    mean = outcomes.mean(axis=-1)
    return mean, outcomes - mean[..., None]


def _t_quantile(units: Units) -> float:
    return t_quantile(units.num_units - 1) if units.num_units >= MIN_UNITS else np.nan


def _unit_variance(influence: Floats, units: Units) -> Floats:
    each = [_variance_of_sums(influence, starts) for starts in units.starts]
    if len(each) == 1:
        return each[0]
    both = _variance_of_sums(influence, np.union1d(*units.starts))
    return np.maximum(np.maximum(*each), each[0] + each[1] - both)


def _variance_of_sums(influence: Floats, starts: NDArray[np.int64]) -> Floats:
    num_units = len(starts)
    correction = num_units / (num_units - 1) if num_units > 1 else np.nan
    sums = np.add.reduceat(influence, starts, axis=-1)
    return np.asarray(correction * _sum_of_squares(sums) / influence.shape[-1] ** 2)


def _image_variance(influence: Floats) -> Floats:
    return np.asarray(_sum_of_squares(influence) / influence.shape[-1] ** 2)


def _sum_of_squares(values: Floats) -> Floats:
    return np.asarray(np.einsum("...i,...i->...", values, values))


def _score_bounds(
    mean: Floats, variance: Floats, quantile: float, *, number_if_alike: Floats | float
) -> Bounds:
    """Return |m - p| <= quantile sqrt(p (1 - p) / n) solved for p, n = m (1 - m) / variance.

    Where there is no variance, n is `number_if_alike`.
    """
    is_seen = variance > _NO_VARIANCE
    number = np.where(is_seen, mean * (1 - mean) / np.where(is_seen, variance, 1), number_if_alike)
    weight = quantile**2 / number
    centre = (mean + weight / 2) / (1 + weight)
    half = np.sqrt(weight * mean * (1 - mean) + weight**2 / 4) / (1 + weight)
    return Bounds(np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0))


def _image_bounds(mean: Floats, influence: Floats) -> Bounds:
    """Return Wilson's intervals of means of independent images."""
    number = influence.shape[-1]
    return _score_bounds(mean, _image_variance(influence), _Z, number_if_alike=number)


def _hull(by_units: Bounds, by_images: Bounds, units: Units) -> Bounds:
    """Return the narrowest intervals that hold both; none where the units give none."""
    missing = np.nan if units.num_units < MIN_UNITS else 0.0
    return Bounds(
        np.minimum(by_units.low, by_images.low) + missing,
        np.maximum(by_units.high, by_images.high) + missing,
    )


_Centred = tuple[Floats, Floats]


def _newcombe_bounds(first: _Centred, second: _Centred) -> Bounds:
    """Return intervals of the difference of two paired means, were the images independent.

    Wilson's margins of both, squared and added, less what the pairs have in common.

    Source: Newcombe 1998, "Improved confidence intervals for the difference between binomial
        proportions based on paired data", method 10, written for outcomes in 0..1.
    """
    (one, influence), (other, its_influence) = first, second
    num_images = influence.shape[-1]
    variances = _image_variance(influence), _image_variance(its_influence)
    low, high = _image_bounds(one, influence)
    its_low, its_high = _image_bounds(other, its_influence)
    covariance = np.einsum("...i,...i->...", influence, its_influence) / num_images
    continuous = np.maximum(covariance - 0.5 / num_images, 0.0)
    spread = num_images * np.sqrt(variances[0] * variances[1])
    correlation = np.where(covariance > 0, continuous, covariance) / np.where(
        spread > _NO_VARIANCE, spread, np.inf
    )
    return Bounds(
        one - other - _combined(one - low, its_high - other, correlation),
        one - other + _combined(high - one, other - its_low, correlation),
    )


def _combined(margin: Floats, other: Floats, correlation: Floats) -> Floats:
    square = margin**2 - 2 * correlation * margin * other + other**2
    return np.asarray(np.sqrt(np.maximum(square, 0.0)))
