"""How a number looks in tables: the only place that rounds."""

from __future__ import annotations

import math
from collections.abc import Iterable

from robustbench_ln.runs.reading import MISSING

__all__ = ["MISSING", "fixed", "general", "number_range", "percent", "percent_interval"]


def percent(share: float) -> str:
    """Return a share 0..1 in percent, one decimal."""
    return fixed(100 * share, 1)


def percent_interval(share: float, low: float, high: float) -> str:
    """Return "91.6 [89.8, 93.2]", in percent.

    >>> percent_interval(0.9164, 0.8979, 0.9319)
    '91.6 [89.8, 93.2]'
    """
    return f"{percent(share)} [{percent(low)}, {percent(high)}]"


def fixed(value: float, decimals: int) -> str:
    """Return a number with so many decimals, without a minus before zero; MISSING for NaN."""
    return MISSING if math.isnan(value) else f"{value:z.{decimals}f}"


def general(value: float) -> str:
    """Return a severity or sigma as it was asked for: 0.25, 1, 5."""
    return f"{value:g}"


def number_range(values: Iterable[float], decimals: int = 0) -> str:
    """Return the one number that all are, or the smallest and the largest; MISSING for none.

    >>> number_range([1.001, 0.999], 2), number_range([3, 41, 0]), number_range([])
    ('1.00', '0..41', '-')
    """
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return MISSING
    low, high = fixed(min(known), decimals), fixed(max(known), decimals)
    return low if low == high else f"{low}..{high}"
