"""What a run's tables come down to: areas under curves, mean errors, mCE, with their intervals.

Values come from the rows. Intervals come from the stored predictions, resampled in whole statistics
sets, together over all cells, and over the baseline where that is a run of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import stdev
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, SEVERITIES
from robustbench_ln.metrics.bootstrap import bootstrap_interval
from robustbench_ln.metrics.corruption_error import (
    CorruptionErrors,
    ErrorSums,
    mean_corruption_error,
    published_sums,
    relative_mean_corruption_error,
)
from robustbench_ln.metrics.curves import area_under_curve, half_accuracy_sigma
from robustbench_ln.metrics.intervals import Interval
from robustbench_ln.reports.resampled import Errors, Resampled
from robustbench_ln.runs.families import Family, group_families
from robustbench_ln.runs.outcomes import ModeResults
from robustbench_ln.spec import Condition

__all__ = [
    "AREA",
    "HALF_SIGMA",
    "MCE",
    "MEAN_ERROR",
    "RELATIVE_MCE",
    "Baseline",
    "Quantity",
    "summarise_series",
]

AREA = "area under the curve"
HALF_SIGMA = "sigma at half of the clean accuracy"
MEAN_ERROR = "mean error of the 15"
MCE = "mCE"
RELATIVE_MCE = "relative mCE"

Floats = NDArray[np.float64]
Baseline = CorruptionErrors | ModeResults
"""What mCE is relative to: published errors, or a mode of a run."""


class Quantity(NamedTuple):
    """One number that sums up a mode under one family of conditions.

    Attributes:
        value: Of the run's first seed; a share or ratio, or a sigma; inf where a curve stays above.
        interval: 95 %, over the images; None where no predictions were kept, all images are one
            statistics set, or a resample of the baseline has no errors.
        repeats: Seeds that it was measured with.
        sd: Of the value over those seeds; None for one.
    """

    value: float
    interval: Interval | None
    repeats: int
    sd: float | None


def summarise_series(
    series: ModeResults,
    repeats: Sequence[ModeResults],
    baseline: Baseline | None,
    resampled: Resampled | None,
) -> dict[Family, dict[str, Quantity]]:
    """Return family -> name -> number, of everything that was measured whole.

    Args:
        series: A mode of a run.
        repeats: The same mode with other seeds.
        baseline: What mCE is relative to.
        resampled: The mode's resamples; None where there are none.

    Raises:
        RecordError: The baseline makes no error.
    """
    summary: dict[Family, dict[str, Quantity]] = {}
    for family, members in group_families(series.records).items():
        values = _numbers(members, _row_errors(series), _rows_of(baseline))
        others = [
            _numbers(members, _row_errors(one), _rows_of(baseline))
            for one in repeats
            if set(members) <= set(one.records)
        ]
        draws = {} if resampled is None else _draws(members, resampled, baseline)
        if values:
            summary[family] = {
                name: Quantity(
                    float(value[0]),
                    _interval(draws.get(name), resampled),
                    *_over_repeats([float(v[name][0]) for v in (values, *others) if name in v]),
                )
                for name, value in values.items()
            }
    return summary


def _draws(
    members: Sequence[Condition], resampled: Resampled, baseline: Baseline | None
) -> dict[str, Floats]:
    """Return the numbers over resamples, of a published baseline that is what it is."""
    below = _rows_of(baseline) if resampled.baseline is None else resampled.baseline
    return _numbers(members, resampled.errors, below)


def _interval(draws: Floats | None, resampled: Resampled | None) -> Interval | None:
    if draws is None or resampled is None or np.isnan(draws).any():
        return None
    return bootstrap_interval(draws, num_units=resampled.num_units)


def _over_repeats(values: Sequence[float]) -> tuple[int, float | None]:
    has_sd = len(values) > 1 and bool(np.isfinite(values).all())
    return len(values), stdev(values) if has_sd else None


def _numbers(
    members: Sequence[Condition], errors: Errors, baseline: CorruptionErrors | Errors | None
) -> dict[str, Floats]:
    """Return the numbers that the members of one family come down to, each [R]."""
    clean = next((condition for condition in errors if condition.is_clean), None)
    if members[0].convention is not None:
        return {} if clean is None else _curve_numbers([clean, *members], errors)
    levels = sorted({condition.severity for condition in members})
    sums = _error_sums(members, errors, levels)
    if sums is None:
        return {}
    numbers = {MEAN_ERROR: sums.by_corruption.mean(axis=-1) / len(levels)}
    if baseline is None or levels != [float(severity) for severity in SEVERITIES]:
        return numbers
    if isinstance(baseline, CorruptionErrors):
        base = published_sums(baseline)
    else:
        base = _error_sums(members, baseline, levels)
    if base is None:
        return numbers
    numbers[MCE] = mean_corruption_error(sums, base)
    if sums.clean is not None and base.clean is not None:
        numbers[RELATIVE_MCE] = relative_mean_corruption_error(sums, base)
    return numbers


def _curve_numbers(points: Sequence[Condition], errors: Errors) -> dict[str, Floats]:
    sigmas = np.array([point.severity for point in points])
    accuracy = 1 - np.stack([errors[point] for point in points], axis=-1)
    return {
        AREA: area_under_curve(sigmas, accuracy),
        HALF_SIGMA: half_accuracy_sigma(sigmas, accuracy),
    }


def _error_sums(
    members: Sequence[Condition], errors: Errors, levels: Sequence[float]
) -> ErrorSums | None:
    """Return the sums over the severities of the 15; None where one of the cells is missing."""
    places = {(c.corruption, c.severity): errors[c] for c in members if c in errors}
    wanted = [(name, level) for name in BENCHMARK_CORRUPTIONS for level in levels]
    if not set(wanted) <= set(places):
        return None
    cells = np.stack([places[place] for place in wanted], axis=-1)  # [R, 15 x levels]
    by_corruption = cells.reshape(len(cells), len(BENCHMARK_CORRUPTIONS), -1).sum(axis=-1)
    clean = [value for condition, value in errors.items() if condition.is_clean]
    return ErrorSums(by_corruption, clean[0] if clean else None)


def _row_errors(series: ModeResults) -> Errors:
    return {c: np.array([1 - record.accuracy]) for c, record in series.records.items()}


def _rows_of(baseline: Baseline | None) -> CorruptionErrors | Errors | None:
    return _row_errors(baseline) if isinstance(baseline, ModeResults) else baseline
