"""The errors of a run's modes over resamples of whole statistics sets.

Each file of predictions is read once, and modes with the same sets share their resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.metrics.bootstrap import joint_units, resample_means
from robustbench_ln.metrics.comparison import Side
from robustbench_ln.progress import Progress
from robustbench_ln.rng import stream
from robustbench_ln.runs.outcomes import ModeResults, read_sides
from robustbench_ln.spec import Condition

__all__ = ["Errors", "Resampled", "resample_errors"]

Errors = Mapping[Condition, NDArray[np.float64]]
"""Condition -> error, 0..1: of the rows [1], or over resamples [R]."""


class Resampled(NamedTuple):
    """Errors over resamples of units, of a mode and of the baseline where that is a run's mode."""

    errors: Errors
    baseline: Errors | None
    num_units: int


_Measured = tuple[ModeResults, Side]
_ByMode = dict[str, Resampled]


def resample_errors(
    run: Sequence[ModeResults], baseline: ModeResults | None, progress: Progress
) -> _ByMode:
    """Return the joint resamples of each mode and the baseline, by the mode's name.

    A mode is left out where predictions were not kept or all images are one unit.

    Args:
        run: Modes of one run.
        baseline: A mode of any run that saw the same images.
        progress: Is told how far it is.

    Raises:
        RecordError: Predictions are damaged.
    """
    others = [] if baseline is None else [baseline]
    if not all(series.has_predictions for series in (*run, *others)):
        return {}
    measured = list(zip(run, read_sides(run, progress), strict=True))
    shared = [(series, series.read_side(list(series.records))) for series in others]
    progress.describe(f"{run[0].run.label}: intervals")
    found: _ByMode = {}
    for size in dict.fromkeys(side.set_size for _, side in measured):
        modes = [(series, side) for series, side in measured if side.set_size == size]
        found |= _resample_together(modes, shared)
    return found


def _resample_together(modes: Sequence[_Measured], shared: Sequence[_Measured]) -> _ByMode:
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
    drawn = [{condition: next(means) for condition in series.records} for series, _ in everyone]
    baseline = drawn[-1] if shared else None
    return {
        series.variant: Resampled(errors, baseline, num_units)
        for (series, _), errors in zip(modes, drawn[: len(modes)], strict=True)
    }
