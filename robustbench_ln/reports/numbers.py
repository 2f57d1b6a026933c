"""How a number looks in tables: the only place that rounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.runs.reading import MISSING

__all__ = [
    "MISSING",
    "estimate_fields",
    "estimate_text",
    "fixed",
    "general",
    "number_range",
    "percent",
    "sigma",
    "signed_percent",
]


def percent(share: float) -> str:
    """Return a share 0..1 in percent, one decimal."""
    return fixed(100 * share, 1)


def signed_percent(share: float) -> str:
    """Return a difference -1..1 in points: "+3.0", "-0.2", "+0.0"."""
    return f"{100 * share:+z.1f}"


def sigma(value: float, most: float) -> str:
    """Return a sigma; ">2" where it lies beyond the measured range, up to `most`."""
    return f">{general(most)}" if math.isinf(value) else fixed(value, 2)


def estimate_text(
    estimate: Estimate | None, show: Callable[[float], str] = percent, *, mark: str = ""
) -> str:
    """Return "91.6 [89.8, 93.2]"; the value alone where it has no interval, MISSING for none.

    A sigma beyond the measured range whose interval is beyond it too stands alone: ">1".

    Args:
        estimate: The value and its interval.
        show: What a number looks like.
        mark: Stands behind an interval that does not hold.

    >>> estimate_text(Estimate(0.9164, (0.8979, 0.9319)))
    '91.6 [89.8, 93.2]'
    """
    if estimate is None:
        return MISSING
    if estimate.interval is None or math.isinf(estimate.interval[0]):
        return show(estimate.value)
    return f"{show(estimate.value)} [{', '.join(map(show, estimate.interval))}]{mark}"


def estimate_fields(name: str, estimate: Estimate) -> dict[str, float | None]:
    """Return the columns of a CSV file; empty cells where there is no interval."""
    low, high = estimate.interval or (None, None)
    return {name: estimate.value, "low": low, "high": high}


def fixed(value: float, decimals: int) -> str:
    """Return a number with a given number of decimals; no minus before zero, MISSING for NaN."""
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
