"""How far the groups' agreement says whether their vote is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_ln.metrics.intervals import wilson_interval
from robustbench_ln.modes import MODES
from robustbench_ln.reports.captions import limit_stamp
from robustbench_ln.reports.drawings import (
    Drawing,
    PaperFigure,
    Piece,
    pages_of,
    row_cell,
    spread_rows,
)
from robustbench_ln.reports.figure_keys import Key, KeyEntry
from robustbench_ln.reports.figure_style import draw_percent_grid, title_of
from robustbench_ln.reports.mode_styles import level_style
from robustbench_ln.reports.noise_family import NoiseFamily
from robustbench_ln.reports.reduced import Outcome, read_outcome
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["VOTES"]

_PANEL = 1.5
"""Inches: least width of a mode's panels."""
_FEWEST_IMAGES = 5
"""Images with one agreement, below which their accuracy is not drawn."""

Outcomes = Mapping[str, Outcome]
"""Row's name -> what was said of each image."""


def _make(tables: Sequence[Table], inches: float) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        if not isinstance(table.family, NoiseFamily):
            continue
        voting = [m for m in table.modes if MODES[m.any_record.mode].reduction == "vote"]
        found = {mode: read for mode in voting if (read := _read(table, mode))}
        for ending, modes in pages_of(list(found), int(inches / _PANEL)):
            part = {mode: found[mode] for mode in modes}
            words = (
                f"Share of the groups that agree on the vote, against accuracy, {table.title}: "
                "95 % Wilson intervals, and below how many images have that agreement"
            )
            fill = partial(_fill, found=part)
            name, stamp, key = f"_{table.name}{ending}", limit_stamp(table), _key(part, inches)
            pieces.append(Drawing(name, words, fill, (inches, 3.2), key, stamp, _frame(part)))
    return pieces


def _key(found: Mapping[ModeResults, Outcomes], inches: float) -> Key:
    entries = [KeyEntry(f"σ {name}", level_style(name, _names(found))) for name in _names(found)]
    equal = {"color": "0.6", "linewidth": 0.7, "linestyle": (0, (1, 2))}
    return Key([*entries, KeyEntry("accuracy equal to the agreement", equal)], inches)


def _names(found: Mapping[ModeResults, Outcomes]) -> list[str]:
    return list(dict.fromkeys(name for outcomes in found.values() for name in outcomes))


def _read(table: Table, mode: ModeResults) -> Outcomes:
    found = {}
    for row in spread_rows(table):
        cell = row_cell(table, row, mode)
        outcome = cell and read_outcome(mode, cell.record.condition)
        if outcome:
            found[row.name] = outcome
    return found


def _counts(outcome: Outcome) -> list[tuple[float, int, int]]:
    """Return (agreement, images, right ones), from the least agreement to the most."""
    levels, which = np.unique(outcome.agreement.round(9), return_inverse=True)
    totals, right = np.bincount(which), np.bincount(which, weights=outcome.correct)
    return [(float(a), int(n), int(k)) for a, n, k in zip(levels, totals, right, strict=True)]


def _frame(found: Mapping[ModeResults, Outcomes]) -> pd.DataFrame:
    rows = [
        (mode.run.label, mode.variant, sigma, *counts)
        for mode, outcomes in found.items()
        for sigma, outcome in outcomes.items()
        for counts in _counts(outcome)
    ]
    columns = ["label", "variant", "sigma", "agreement", "total", "correct"]
    return pd.DataFrame(rows, columns=columns)


def _fill(canvas: Canvas, *, found: Mapping[ModeResults, Outcomes]) -> None:
    names = _names(found)
    grid = canvas.subplots(
        2, len(found), sharex="col", sharey="row", height_ratios=(2.4, 1), squeeze=False
    )
    for (upper, lower), (mode, outcomes) in zip(grid.T, found.items(), strict=True):
        for name, outcome in outcomes.items():
            _draw_outcome(upper, lower, outcome, name, names)
        upper.plot([0, 100], [0, 100], color="0.6", linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
        title = [mode.run.label, mode.title]
        letters = 26 if len(found) > 1 else 60
        upper.set_title("\n".join(title_of(part, letters, 1) for part in title), fontsize=7.5)
        upper.set_ylim(-3, 103)
        upper.set_xlim(_left_limit(outcomes), 109)
        lower.set_xlabel("groups that agree, %")
        for axes in (upper, lower):
            draw_percent_grid(axes)
    grid[0, 0].set_ylabel("accuracy, %")
    grid[1, 0].set_ylabel("images, %")


def _left_limit(outcomes: Outcomes) -> float:
    """Return where the axis begins, in percent: somewhat below the least agreement."""
    least = min(float(outcome.agreement.min()) for outcome in outcomes.values())
    return max(0.0, 100 * least - 12)


def _draw_outcome(
    upper: Axes, lower: Axes, outcome: Outcome, name: str, names: Sequence[str]
) -> None:
    """Draw accuracies above and shares of images below, of one of the sigmas."""
    number, of = names.index(name), len(names)
    counts = _counts(outcome)
    images = len(outcome.labels)
    style = level_style(name, names)
    shown = [c for c in counts if c[1] >= _FEWEST_IMAGES]
    bounds = [wilson_interval(k, n) for _, n, k in shown]
    values = [100 * k / n for _, n, k in shown]
    ends = [(100 * low, 100 * high) for low, high in bounds]
    below = [max(v - low, 0) for v, (low, _) in zip(values, ends, strict=True)]
    above = [max(high - v, 0) for v, (_, high) in zip(values, ends, strict=True)]
    agreements = [100 * c[0] for c in shown]
    upper.errorbar(agreements, values, yerr=[below, above], elinewidth=0.7, **style)
    levels = sorted({c[0] for c in counts})
    gap = 100 * min(np.diff(levels), default=0.2) if len(levels) > 1 else 10
    width = 0.8 * gap / of
    lower.bar(
        [100 * a + (number - (of - 1) / 2) * width for a, _, _ in counts],
        [100 * n / images for _, n, _ in counts],
        width,
        color=style["color"],
    )


VOTES = PaperFigure(
    name="votes",
    title="Agreement of votes against correctness",
    make=_make,
    needs="no run of a voting mode under a noise kept its predictions",
)
