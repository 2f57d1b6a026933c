"""What an audit found: accuracy by size of sets and by stream, and a verdict in plain sentences.

A size of sets is compared with the reference, the largest size of which the images make enough sets
for a verdict, on the same images in the same sets' order. A stream is compared with the shuffled
images at the reference. Its sets are other ones, so that nothing pairs them: the interval of that
difference is made of the two accuracies' own intervals. A stream that mixes conditions is compared
with the mean over all of them, clean ones included. Windows that slide are compared with sets of as
many of the same images.

Source: Zou and Donner 2008, "Construction of confidence limits about effect measures", section 2
    (intervals of a difference from those of its parts); without their correlation, which would
    only narrow it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_ln.metrics.intervals import Estimate, Interval
from robustbench_ln.metrics.student import difference_bounds, mean_bounds
from robustbench_ln.metrics.units import MIN_VERDICT_UNITS, find_units
from robustbench_ln.modes import MIXTURES, MODES
from robustbench_ln.reports.numbers import estimate_text, general, signed_percent
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.runs.variants import without_options
from robustbench_ln.spec import Condition

__all__ = ["SHUFFLED", "audit_frame", "audit_sentences", "condition_name", "judged", "mover"]

Floats = NDArray[np.float64]
SHUFFLED = "shuffled"
CLOSE = 0.02
"""A size of sets is as good as the reference where it loses less than two points."""


class _Curve(NamedTuple):
    """One mode with sets, in one stream: size of sets -> [N], the share of conditions right.

    Attributes:
        title: The mode for people.
    """

    title: str
    sharing: str
    stream: str
    by_size: Mapping[int, Floats]

    @property
    def sets(self) -> str:
        """What shares statistics, in words."""
        return "sliding windows" if self.sharing == "sliding" else "sets"

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
            cell.record.sharing,
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
    columns = ["mode", "set_size", "sharing", "stream", "corruption", "severity", "accuracy",
               "low", "high", "total"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).astype({"set_size": "Int64"})


def judged(conditions: Iterable[Condition]) -> list[Condition]:
    """Return the conditions that the verdict is about, each once: all but clean, if there are."""
    found = list(dict.fromkeys(conditions))
    return [condition for condition in found if not condition.is_clean] or found


def condition_name(condition: Condition) -> str:
    """Return what an audit calls a condition."""
    if condition.is_clean or condition.parts:
        return condition.corruption
    return f"{condition.corruption} {general(condition.severity)}"


def audit_sentences(modes: Sequence[ModeResults]) -> list[str]:
    """Return what an audit comes down to, a sentence for each mode and stream.

    Args:
        modes: Modes of all its runs, which know what was right image by image.
    """
    curves = _curves(modes, judged)
    by_key = {(c.title, c.sharing, c.stream): c for c in curves}
    pure = [mode for mode in modes if mode.any_record.parts is None]
    over_all = {(c.title, c.sharing, c.stream): c for c in _curves(pure, list)}
    sentences = [_size_sentence(curve) for curve in curves if curve.stream == SHUFFLED]
    for curve in curves:
        if curve.sharing == "sets" and curve.stream != SHUFFLED:
            of = over_all if curve.stream in MIXTURES else by_key
            sentences += _stream_sentences(curve, of.get((curve.title, "sets", SHUFFLED)))
    for curve in curves:
        if curve.sharing == "sliding":
            sentences += _sliding_sentences(curve, by_key.get((curve.title, "sets", curve.stream)))
    return sentences


def _curves(
    modes: Sequence[ModeResults], choose: Callable[[Iterable[Condition]], list[Condition]]
) -> list[_Curve]:
    """Return the curves of modes with sets, each the mean over the conditions that are chosen."""
    found: dict[tuple[str, str, str], dict[int, Floats]] = {}
    for mode in modes:
        record = mode.any_record
        if MODES[record.mode].layout not in ("batch", "set") or not mode.has_outcomes:
            continue
        right = _mean_right(mode, choose(mode.cells))
        key = without_options(mode.title), record.sharing, record.order
        found.setdefault(key, {})[mode.set_size] = right
    return [_Curve(*key, dict(sorted(sizes.items()))) for key, sizes in found.items()]


def _mean_right(mode: ModeResults, conditions: Sequence[Condition]) -> Floats:
    right: Floats = mode.side(conditions).correct.mean(axis=0)
    return right


def _size_sentence(curve: _Curve) -> str:
    """Say from which size on sets are about as good as those of the reference."""
    reference, sets = curve.reference, curve.sets
    if reference is None:
        return f"{curve.title}: too few images for a verdict on the size of {sets}."
    differences = {
        size: _paired(curve, size, reference) for size in curve.by_size if size < reference
    }
    close = list(takewhile(lambda size: _is_close(differences[size]), sorted(differences)[::-1]))
    if not close:
        least = max(differences)
        return (
            f"{curve.title}: {sets} of {least} are not shown to be within {100 * CLOSE:g} points "
            f"of {sets} of {reference} ({_points(differences[least])})."
        )
    least = close[-1]
    return (
        f"{curve.title}: {sets} of {least} are within {100 * CLOSE:g} points of {sets} of "
        f"{reference} ({_points(differences[least])})."
    )


def _is_close(difference: Estimate) -> bool:
    return difference.interval is not None and difference.interval.low > -CLOSE


def _paired(curve: _Curve, size: int, reference: int) -> Estimate:
    return _difference(curve.by_size[size], curve.by_size[reference], [size, reference])


def _difference(first: Floats, second: Floats, sizes: Sequence[int]) -> Estimate:
    bounds = difference_bounds(first, second, find_units(len(first), sizes))
    return Estimate(float(first.mean() - second.mean()), bounds.pick())


def _sliding_sentences(curve: _Curve, sets: _Curve | None) -> list[str]:
    """Say what windows gain over sets of as many of the same images, in the same order."""
    shared = [size for size in curve.by_size if size > 1 and sets and size in sets.by_size]
    if sets is None or not shared:
        return []
    parts = []
    for size in _shown_sizes(shared, sets):
        gained = _difference(curve.by_size[size], sets.by_size[size], [size])
        parts.append(f"{_points(gained)} with {size} images")
    return [f"{curve.title}, {curve.stream}, sliding windows against sets: {', '.join(parts)}."]


def _shown_sizes(shared: Sequence[int], curve: _Curve) -> list[int]:
    """Return the smallest, the reference and the largest of some sizes."""
    sizes = dict.fromkeys((min(shared), curve.reference or max(shared), max(shared)))
    return [size for size in sizes if size in shared]


def _stream_sentences(curve: _Curve, shuffled: _Curve | None) -> list[str]:
    """Say what a stream costs, at the reference and at the smallest sets that lose much."""
    shared = [size for size in curve.by_size if size > 1 and shuffled and size in shuffled.by_size]
    if shuffled is None or not shared:
        return []
    parts = [
        f"{_points(_unpaired(curve, shuffled, size))} with sets of {size}"
        for size in _shown_sizes(shared, shuffled)
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
