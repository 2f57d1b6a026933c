"""What an audit found: accuracy by size of sets and by stream, and a verdict in plain sentences.

A size of sets is compared with the reference, the largest size of which the images make enough sets
for a verdict, on the same images in the same sets' order. A stream is compared with the shuffled
images at the reference. Its sets are other ones, so that nothing pairs them: the interval of that
difference is made of the two accuracies' own intervals.

Source: Zou and Donner 2008, "Construction of confidence limits about effect measures", section 2
    (intervals of a difference from those of its parts); without their correlation, which would
    only narrow it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_ln.metrics.intervals import Estimate, Interval
from robustbench_ln.metrics.student import difference_bounds, mean_bounds
from robustbench_ln.metrics.units import MIN_VERDICT_UNITS, find_units
from robustbench_ln.modes import MODES
from robustbench_ln.reports.numbers import estimate_text, general, signed_percent
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.spec import Condition

__all__ = ["SHUFFLED", "audit_frame", "audit_sentences", "condition_name", "judged", "mover"]

Floats = NDArray[np.float64]
SHUFFLED = "shuffled"
CLOSE = 0.02
"""A size of sets is as good as the reference where it loses less than two points."""


class _Curve(NamedTuple):
    """One mode with sets, in one stream: size of sets -> [N], the share of conditions right."""

    mode: str
    stream: str
    by_size: Mapping[int, Floats]

    @property
    def title(self) -> str:
        """The mode's name in the papers."""
        return MODES[self.mode].title

    @property
    def reference(self) -> int | None:
        """The largest size of which there are enough sets for a verdict; None for no two sizes."""
        enough = [
            size
            for size, right in self.by_size.items()
            if find_units(len(right), [size]).num_units >= MIN_VERDICT_UNITS
        ]
        return max(enough) if len(enough) > 1 else None


def audit_frame(modes: Iterable[ModeResults]) -> pd.DataFrame:
    """Return every cell of an audit as a row; accuracies are 0..1, with their intervals."""
    rows = [
        (
            cell.record.mode,
            cell.record.set_size,
            cell.record.order,
            condition.corruption,
            condition.severity,
            cell.accuracy,
            *cell.interval,
            cell.record.total,
        )
        for mode in modes
        for condition, cell in mode.cells.items()
    ]
    columns = ["mode", "set_size", "stream", "corruption", "severity", "accuracy", "low", "high",
               "total"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).astype({"set_size": "Int64"})


def judged(conditions: Iterable[Condition]) -> list[Condition]:
    """Return the conditions that the verdict is about, each once: all but clean, if there are."""
    found = list(dict.fromkeys(conditions))
    return [condition for condition in found if not condition.is_clean] or found


def condition_name(condition: Condition) -> str:
    """Return what an audit calls a condition."""
    if condition.is_clean:
        return condition.corruption
    return f"{condition.corruption} {general(condition.severity)}"


def audit_sentences(modes: Sequence[ModeResults]) -> list[str]:
    """Return what an audit comes down to, a sentence for each mode and stream.

    Args:
        modes: Modes of all its runs, which know what was right image by image.
    """
    curves = _curves(modes)
    shuffled = [curve for curve in curves if curve.stream == SHUFFLED]
    sentences = [_size_sentence(curve) for curve in shuffled]
    by_mode = {curve.mode: curve for curve in shuffled}
    for curve in curves:
        if curve.stream != SHUFFLED and curve.mode in by_mode:
            sentences += _stream_sentences(curve, by_mode[curve.mode])
    return sentences


def _curves(modes: Sequence[ModeResults]) -> list[_Curve]:
    found: dict[tuple[str, str], dict[int, Floats]] = {}
    for mode in modes:
        record = mode.any_record
        if MODES[record.mode].layout not in ("batch", "set") or not mode.has_outcomes:
            continue
        right = _mean_right(mode, judged(mode.cells))
        found.setdefault((record.mode, record.order), {})[mode.set_size] = right
    return [
        _Curve(mode, stream, dict(sorted(sizes.items()))) for (mode, stream), sizes in found.items()
    ]


def _mean_right(mode: ModeResults, conditions: Sequence[Condition]) -> Floats:
    right: Floats = mode.side(conditions).correct.mean(axis=0)
    return right


def _size_sentence(curve: _Curve) -> str:
    """Say from which size on sets are about as good as those of the reference."""
    reference = curve.reference
    if reference is None:
        return f"{curve.title}: too few images for a verdict on the size of sets."
    differences = {
        size: _paired(curve, size, reference) for size in curve.by_size if size < reference
    }
    close = list(takewhile(lambda size: _is_close(differences[size]), sorted(differences)[::-1]))
    if not close:
        least = max(differences)
        return (
            f"{curve.title}: sets of {least} are not shown to be within {100 * CLOSE:g} points of "
            f"sets of {reference} ({_points(differences[least])})."
        )
    least = close[-1]
    return (
        f"{curve.title}: sets of {least} are within {100 * CLOSE:g} points of sets of {reference} "
        f"({_points(differences[least])})."
    )


def _is_close(difference: Estimate) -> bool:
    return difference.interval is not None and difference.interval.low > -CLOSE


def _paired(curve: _Curve, size: int, reference: int) -> Estimate:
    first, second = curve.by_size[size], curve.by_size[reference]
    bounds = difference_bounds(first, second, find_units(len(first), [size, reference]))
    return Estimate(float(first.mean() - second.mean()), bounds.pick())


def _stream_sentences(curve: _Curve, shuffled: _Curve) -> list[str]:
    """Say what a stream costs, at the reference and at the smallest sets that lose much."""
    shared = [size for size in curve.by_size if size in shuffled.by_size and size > 1]
    if not shared:
        return []
    parts = [
        f"{_points(_unpaired(curve, shuffled, size))} with sets of {size}"
        for size in dict.fromkeys((min(shared), shuffled.reference or max(shared), max(shared)))
        if size in shared
    ]
    return [f"{curve.title}, {curve.stream} against shuffled: {', '.join(parts)}."]


def _unpaired(curve: _Curve, shuffled: _Curve, size: int) -> Estimate:
    first, second = (_estimate(one.by_size[size], size) for one in (curve, shuffled))
    return Estimate(first.value - second.value, mover(first, second))


def _estimate(right: Floats, size: int) -> Estimate:
    return Estimate(float(right.mean()), mean_bounds(right, find_units(len(right), [size])).pick())


def _points(difference: Estimate) -> str:
    return f"{estimate_text(difference, signed_percent)} points"


def mover(first: Estimate, second: Estimate) -> Interval | None:
    """Return the interval of first - second from their own; None where one has none."""
    (one, its), (other, others) = first, second
    if its is None or others is None:
        return None
    low = one - other - math.hypot(one - its.low, others.high - other)
    high = one - other + math.hypot(its.high - one, other - others.low)
    return Interval(low, high)
