"""Cluster bootstrap: intervals that respect who shared statistics.

Images of one statistics set rise and fall together, so sets and not images are drawn. One draw
serves all cells and both sides of a comparison: they saw the same images.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from robustbench_ln.errors import RecordError, setting
from robustbench_ln.metrics.intervals import Interval

__all__ = ["Estimate", "bootstrap_interval", "joint_units", "resample_means"]

NUM_RESAMPLES = 10_000


class Estimate(NamedTuple):
    """A measured value and its 95 % interval."""

    value: float
    interval: Interval


def joint_units(num_images: int, set_sizes: Iterable[int]) -> NDArray[np.int64]:
    """Return [N]: the resampling unit of each image, in the order of evaluation.

    Sets are consecutive images. Where two modes have sets of different sizes, a unit ends where a
    set of each ends: the smallest unit that cuts no set. The last one may be smaller.

    >>> joint_units(7, [2, 4])
    array([0, 0, 0, 0, 1, 1, 1])
    """
    return np.arange(num_images) // math.lcm(*set_sizes)


def resample_means(
    values: NDArray[np.floating] | NDArray[np.bool_],
    units: NDArray[np.int64],
    *,
    generator: np.random.Generator,
    num_resamples: int = NUM_RESAMPLES,
) -> NDArray[np.float64]:
    """Return [R, cells]: the mean of each cell over R draws of units with replacement.

    Every cell of a resample is over the same units: columns may be subtracted, averaged, divided.

    Args:
        values: [cells, N], of each image; for accuracy whether it was right.
        units: [N], 0..U-1, each used.
        generator: Makes the draws.
        num_resamples: R.

    Raises:
        RecordError: Only one unit: nothing to draw from.
    """
    num_units = int(units.max()) + 1
    if num_units < 2:
        raise RecordError(
            f"the {len(units)} images are one statistics set: an interval needs at least two; "
            f"evaluate more images, or with a smaller {setting('stat_batch')} or "
            f"{setting('group_size')}"
        )
    sums = np.stack([np.bincount(units, weights=cell, minlength=num_units) for cell in values])
    sizes = np.bincount(units).astype(np.float64)
    means = np.empty((num_resamples, len(values)))
    for start in range(0, num_resamples, _CHUNK):
        stop = min(start + _CHUNK, num_resamples)
        times = _draw(num_units, stop - start, generator)  # [r, U]
        means[start:stop] = times @ sums.T / (times @ sizes)[:, None]
    return means


_CHUNK = 256
"""Resamples that lie in memory at once."""


def _draw(
    num_units: int, num_resamples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return [r, U]: how often each unit was drawn."""
    drawn = generator.integers(num_units, size=(num_resamples, num_units))
    drawn += num_units * np.arange(num_resamples)[:, None]
    times = np.bincount(drawn.ravel(), minlength=drawn.size)
    return times.reshape(drawn.shape).astype(np.float64)


def bootstrap_interval(resampled: NDArray[np.float64], *, num_units: int) -> Interval:
    """Return the 95 % expanded percentile interval.

    Plain percentiles are too narrow for few units, as a normal interval without Student's t is.
    They are taken further out, so that the interval of a mean is as wide as the t interval.
    Infinite values ("never in the measured range") are allowed, and may be an end.

    Args:
        resampled: [R], the statistic over each resample.
        num_units: U; 2 or more.

    Source: Hesterberg 2015, "What teachers should know about the bootstrap", section 5.3.
    """
    quantile = stdtrit(num_units - 1, 0.975) * math.sqrt(num_units / (num_units - 1))
    tail = NormalDist().cdf(-float(quantile))
    low, high = np.quantile(resampled, [tail, 1 - tail], method="inverted_cdf")
    return Interval(float(low), float(high))
