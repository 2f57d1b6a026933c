"""What a run's tables come down to: areas under curves, mean errors, mCE, with their intervals.

Values come from the rows. Intervals come from what was right image by image; a baseline that is a
run on the same images takes part in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import stdev
from typing import NamedTuple

import numpy as np

from robustbench_ln.metrics.corruption_error import CorruptionErrors
from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.metrics.units import Units, find_units
from robustbench_ln.reports.families import group_families
from robustbench_ln.reports.family import Family, Measured
from robustbench_ln.runs.outcomes import check_same_images
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.spec import Condition

__all__ = ["Baseline", "Quantity", "SummaryLine", "summarise_modes"]

Baseline = CorruptionErrors | ModeResults
"""What mCE is relative to: published errors, or a mode of a run."""


class Quantity(NamedTuple):
    """One number that sums up a mode under one family of conditions.

    Attributes:
        estimate: Estimate of the run's first seed: a share or ratio, or a sigma, inf where a
            curve stays above. It has no interval where predictions were not kept, where units are
            too few, or where no image moves it: mCE of the baseline itself.
        repeats: Seeds that it was measured with.
        sd: Standard deviation of the value over those seeds; None for one.
    """

    estimate: Estimate
    repeats: int
    sd: float | None


class SummaryLine(NamedTuple):
    """One mode of one run under one family of conditions.

    Attributes:
        mode: The mode.
        family: Family of the conditions.
        members: The conditions.
        units: What intervals rest on: units of the mode, and of a baseline that mCE is relative to;
            None where what was right image by image is not known.
        quantities: Name -> number, of everything that was measured whole.
    """

    mode: ModeResults
    family: Family
    members: Sequence[Condition]
    units: Units | None
    quantities: dict[str, Quantity]


def summarise_modes(modes: Sequence[ModeResults], baseline: Baseline | None) -> list[SummaryLine]:
    """Return what every mode comes down to, family by family.

    Args:
        modes: Modes with what was right image by image, where that is known (`read_outcomes`).
        baseline: What mCE is relative to; a mode likewise.

    Raises:
        RecordError: The baseline makes no error, or saw other images.
    """
    lines = []
    for mode in modes:
        if isinstance(baseline, ModeResults):
            check_same_images(mode, baseline)
        for family, members in group_families(mode.cells).items():
            relative_to = baseline if family.has_severities else None
            units = _units(mode, relative_to)
            if quantities := _quantities(mode, family, members, relative_to, units):
                lines.append(SummaryLine(mode, family, members, units, quantities))
    return sorted(lines, key=lambda line: line.family.order)


def _units(mode: ModeResults, baseline: Baseline | None) -> Units | None:
    if not mode.has_outcomes:
        return None
    sizes = {mode.set_size, baseline.set_size if isinstance(baseline, ModeResults) else 1}
    return find_units(mode.units.num_images, sizes)


def _quantities(
    mode: ModeResults,
    family: Family,
    members: Sequence[Condition],
    baseline: Baseline | None,
    units: Units | None,
) -> dict[str, Quantity]:
    base = _measured(baseline) if isinstance(baseline, ModeResults) else baseline
    seeds = {seed for cell in mode.cells.values() for seed in cell.by_seed} - {mode.run.seed}
    repeats = [
        family.numbers(members, measured, base, None)
        for measured in (_repeat(mode, seed) for seed in sorted(seeds))
        if set(members) <= set(measured.errors)
    ]
    return {
        name: _quantity(found, [other[name].value for other in repeats if name in other])
        for name, found in family.numbers(members, _measured(mode), base, units).items()
    }


def _quantity(found: Estimate, repeats: Sequence[float]) -> Quantity:
    over_seeds = [found.value, *repeats]
    has_sd = len(over_seeds) > 1 and bool(np.isfinite(over_seeds).all())
    return Quantity(found, len(over_seeds), stdev(over_seeds) if has_sd else None)


def _measured(mode: ModeResults) -> Measured:
    cells = mode.cells.items()
    by_image = {
        c: (~cell.correct).astype(np.float64) for c, cell in cells if cell.correct is not None
    }
    return Measured({condition: 1 - cell.accuracy for condition, cell in cells}, by_image)


def _repeat(mode: ModeResults, seed: int) -> Measured:
    """Return the errors of the rows of one seed."""
    rows = {c: cell.by_seed[seed] for c, cell in mode.cells.items() if seed in cell.by_seed}
    return Measured({condition: 1 - row.accuracy for condition, row in rows.items()}, {})
