"""Intervals of accuracies from counts, Wilson's; those of means are in `student.py`."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import RecordError

__all__ = ["Bounds", "Estimate", "Interval", "wilson_interval"]


class Interval(NamedTuple):
    """An interval of a proportion, 0..1; of 95 % unless it is said."""

    low: float
    high: float


class Estimate(NamedTuple):
    """A measured value and its 95 % interval; None where it has none."""

    value: float
    interval: Interval | None


class Bounds(NamedTuple):
    """Ends of the 95 % intervals of many estimates, each [...]; NaN where there is none."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def pick(self, *index: int) -> Interval | None:
        """Return one of the intervals; None where there is none."""
        low, high = float(self.low[index]), float(self.high[index])
        return None if math.isnan(low) or math.isnan(high) else Interval(low, high)


def wilson_interval(correct: int, total: int, *, confidence: float = 0.95) -> Interval:
    """Return the Wilson score interval of `correct` out of `total`, of 95 % unless it is said.

    It covers the choice of test images only: not training, group picks or noise draws.

    Raises:
        RecordError: No images, or more correct ones than there are.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if total < 1 or not 0 <= correct <= total:
        raise RecordError(f"{correct} correct of {total} images has no interval; expected 0..total")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = correct / total, z**2 / total
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    return Interval(
        low=0.0 if correct == 0 else centre - half,
        high=1.0 if correct == total else centre + half,
    )
