"""What a run's tables come down to: areas under curves, mean errors, mCE, with their intervals.

Values come from the rows. Intervals come from the stored predictions, resampled in whole statistics
sets, together over all cells, and over the baseline where that is a run of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import stdev
from typing import NamedTuple

import numpy as np

from robustbench_ln.metrics.bootstrap import bootstrap_interval, joint_units, resample_means
from robustbench_ln.metrics.comparison import Side
from robustbench_ln.metrics.corruption_error import CorruptionErrors
from robustbench_ln.metrics.intervals import Interval
from robustbench_ln.progress import Progress
from robustbench_ln.reports.families import group_families
from robustbench_ln.reports.tables import Errors, Family, Floats
from robustbench_ln.rng import stream
from robustbench_ln.runs.results import ModeResults, check_same_images, read_sides
from robustbench_ln.spec import Condition

__all__ = ["Baseline", "Quantity", "SummaryLine", "summarise_runs"]

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


class SummaryLine(NamedTuple):
    """One mode of one run under one family of conditions.

    Attributes:
        mode: The mode.
        family: Of the conditions.
        members: The conditions.
        quantities: Name -> number, of everything that was measured whole.
    """

    mode: ModeResults
    family: Family
    members: Sequence[Condition]
    quantities: dict[str, Quantity]


def summarise_runs(
    modes: Sequence[ModeResults], baseline: Baseline | None, progress: Progress
) -> list[SummaryLine]:
    """Return what every mode comes down to, family by family.

    Raises:
        RecordError: The baseline makes no error, or saw other images; predictions are damaged.
    """
    own = baseline if isinstance(baseline, ModeResults) else None
    if own is not None:
        for mode in modes:
            check_same_images(mode, own)
    lines = []
    for _, of_run in groupby(modes, key=lambda mode: mode.run.path):
        run = list(of_run)
        resampled = _resample(run, own, progress)
        lines += [
            SummaryLine(mode, family, members, quantities)
            for mode in run
            for family, members in group_families(mode.cells).items()
            if (quantities := _quantities(mode, family, members, baseline, resampled.get(mode)))
        ]
    return sorted(lines, key=lambda line: line.family.order)


def _quantities(
    mode: ModeResults,
    family: Family,
    members: Sequence[Condition],
    baseline: Baseline | None,
    resampled: _Resampled | None,
) -> dict[str, Quantity]:
    published = _errors_of(baseline) if isinstance(baseline, ModeResults) else baseline
    values = family.numbers(members, _errors_of(mode), published)
    seeds = sorted({seed for cell in mode.cells.values() for seed in cell.by_seed})
    repeats = [
        family.numbers(members, errors, published)
        for errors in (_errors_of(mode, seed) for seed in seeds if seed != mode.run.seed)
        if set(members) <= set(errors)
    ]
    draws: dict[str, Floats] = {}
    if resampled is not None:
        below = published if resampled.baseline is None else resampled.baseline
        draws = family.numbers(members, resampled.errors, below)
    quantities = {}
    for name, (value,) in values.items():
        over_seeds = [float(value), *(float(other[name][0]) for other in repeats if name in other)]
        has_sd = len(over_seeds) > 1 and bool(np.isfinite(over_seeds).all())
        quantities[name] = Quantity(
            float(value),
            _interval(draws.get(name), resampled),
            len(over_seeds),
            stdev(over_seeds) if has_sd else None,
        )
    return quantities


def _errors_of(mode: ModeResults, seed: int | None = None) -> Errors:
    """Return the errors of the rows of one seed, the first for None."""
    records = {
        condition: cell.record if seed is None else cell.by_seed.get(seed)
        for condition, cell in mode.cells.items()
    }
    return {c: np.array([1 - record.accuracy]) for c, record in records.items() if record}


class _Resampled(NamedTuple):
    """Errors over resamples of units, of a mode and of the baseline where that is a run's mode."""

    errors: Errors
    baseline: Errors | None
    num_units: int


def _interval(draws: Floats | None, resampled: _Resampled | None) -> Interval | None:
    if draws is None or resampled is None or np.isnan(draws).any():
        return None
    return bootstrap_interval(draws, num_units=resampled.num_units)


def _resample(
    run: Sequence[ModeResults], baseline: ModeResults | None, progress: Progress
) -> dict[ModeResults, _Resampled]:
    """Return the joint resamples of each mode of one run and the baseline.

    Modes with sets of one size share their resamples. A mode is left out where predictions were not
    kept or all images are one unit.
    """
    measured = [*run, baseline] if baseline else list(run)
    if not all(mode.has_predictions for mode in measured):
        return {}
    sides = read_sides([(mode, list(mode.cells)) for mode in measured], progress)
    progress.describe(f"{run[0].run.label}: intervals")
    shared = list(zip(measured, sides, strict=True))[len(run) :]
    found: dict[ModeResults, _Resampled] = {}
    for size in dict.fromkeys(side.set_size for side in sides[: len(run)]):
        alike = [(m, s) for m, s in zip(run, sides, strict=False) if s.set_size == size]
        found |= _resample_together(alike, shared)
    return found


_Measured = tuple[ModeResults, Side]


def _resample_together(
    modes: Sequence[_Measured], shared: Sequence[_Measured]
) -> dict[ModeResults, _Resampled]:
    """Return the resamples of modes whose sets are of one size, and with each the baseline's."""
    everyone = [*modes, *shared]
    sides = [side for _, side in everyone]
    units = joint_units(sides[0].correct.shape[1], [side.set_size for side in sides])
    num_units = int(units.max()) + 1
    if num_units < 2:
        return {}
    wrong = ~np.concatenate([side.correct for side in sides])
    seed = modes[0][0].run.seed
    means = iter(resample_means(wrong, units, generator=stream(seed, "summary")).T)
    drawn = [{condition: next(means) for condition in mode.cells} for mode, _ in everyone]
    baseline = drawn[-1] if shared else None
    return {
        mode: _Resampled(errors, baseline, num_units)
        for (mode, _), errors in zip(modes, drawn[: len(modes)], strict=True)
    }
