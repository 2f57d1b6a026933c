"""The intervals that reports had until they got Student's t: percentiles of a cluster bootstrap.

Kept so that `coverage.py` can show what was wrong with them: for few units a resampled mean cannot
leave the range of the units.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from robustbench_ln.metrics.intervals import Bounds

__all__ = ["bootstrap_bounds"]

Floats = NDArray[np.float64]
NUM_RESAMPLES = 1000


def bootstrap_bounds(
    statistic: Callable[[Floats], Floats],
    values: Floats,
    unit_size: int,
    generator: np.random.Generator,
) -> Bounds:
    """Return expanded percentile intervals, [simulations], over resampled units.

    Args:
        statistic: Takes means [..., cells], gives [...].
        values: [simulations, cells, N].
        unit_size: Images of a unit; the last one may be smaller.
        generator: Makes the draws; all simulations share them.

    Source: Hesterberg 2015, "What teachers should know about the bootstrap", section 5.3.
    """
    starts = np.arange(0, values.shape[-1], unit_size)
    sums = np.add.reduceat(values, starts, axis=-1, dtype=np.float64)  # [simulations, cells, U]
    sizes = np.diff(starts, append=values.shape[-1]).astype(np.float64)
    number = len(starts)
    if number < 2:
        missing = np.full(len(values), np.nan)
        return Bounds(missing, missing)
    times = generator.multinomial(number, np.full(number, 1 / number), size=NUM_RESAMPLES)
    quantile = stdtrit(number - 1, 0.975) * math.sqrt(number / (number - 1))
    tail = NormalDist().cdf(-float(quantile))
    means = np.einsum("ru,scu->src", times, sums, optimize=True) / (times @ sizes)[:, None]
    low, high = np.quantile(statistic(means), [tail, 1 - tail], axis=-1, method="inverted_cdf")
    return Bounds(low, high)
