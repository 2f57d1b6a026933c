"""How far the groups' agreement says whether their vote is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_ln.metrics.intervals import wilson_interval
from robustbench_ln.modes import MODES
from robustbench_ln.reports.drawings import (
    Drawing,
    PaperFigure,
    Piece,
    draw_legend,
    pages_of,
    row_cell,
    short_name,
    spread_rows,
    stamp_limit,
)
from robustbench_ln.reports.figure_style import line_style
from robustbench_ln.reports.noise_family import NoiseFamily
from robustbench_ln.reports.reduced import Outcome, read_outcome
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["VOTES"]

_MOST_MODES = 4
_FEWEST_IMAGES = 5
"""Images with one agreement, below which their accuracy is not drawn."""

Outcomes = Mapping[str, Outcome]
"""Row's name -> what was said of each image."""


def _make(tables: Sequence[Table]) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        if not isinstance(table.family, NoiseFamily):
            continue
        voting = [m for m in table.modes if MODES[m.any_record.mode].reduction == "vote"]
        found = {mode: read for mode in voting if (read := _read(table, mode))}
        for ending, modes in pages_of(list(found), _MOST_MODES):
            part = {mode: found[mode] for mode in modes}
            words = (
                f"Share of the groups that agree on the vote, against accuracy, {table.title}: "
                "95 % Wilson intervals, and below how many images have that agreement"
            )
            fill = partial(_fill, table=table, found=part)
            frame = _frame(part)
            pieces.append(Drawing(f"_{table.name}{ending}", words, fill, 3.3, frame))
    return pieces


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


def _fill(canvas: Canvas, *, table: Table, found: Mapping[ModeResults, Outcomes]) -> None:
    grid = canvas.subplots(
        2, max(len(found), 2), sharex="col", sharey="row", height_ratios=(2.4, 1), squeeze=False
    )
    for axes in grid[:, len(found) :].flat:
        axes.set_axis_off()
    names = list(dict.fromkeys(name for outcomes in found.values() for name in outcomes))
    for (upper, lower), (mode, outcomes) in zip(grid.T, found.items(), strict=False):
        for name, outcome in outcomes.items():
            _draw_outcome(upper, lower, outcome, f"σ {name}", (names.index(name), len(names)))
        upper.plot([0, 100], [0, 100], color="0.6", linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
        upper.set_title(short_name(table, mode), fontsize=8)
        upper.set_ylim(0, 100)
        upper.set_xlim(_left_limit(outcomes), 109)
        lower.set_xlabel("groups that agree, %")
        for axes in (upper, lower):
            axes.grid(axis="y", color="0.9", linewidth=0.5)
            axes.set_axisbelow(True)
    grid[0, 0].set_ylabel("accuracy, %")
    grid[1, 0].set_ylabel("images, %")
    stamp_limit(canvas, table)
    draw_legend(canvas, grid[0, 0], columns=4)


def _left_limit(outcomes: Outcomes) -> float:
    """Return where the axis begins, in percent: somewhat below the least agreement."""
    least = min(float(outcome.agreement.min()) for outcome in outcomes.values())
    return max(0.0, 100 * least - 12)


def _draw_outcome(
    upper: Axes, lower: Axes, outcome: Outcome, name: str, place: tuple[int, int]
) -> None:
    """Draw accuracies above and shares of images below, as the `place`-th of several columns."""
    number, of = place
    counts = _counts(outcome)
    images = len(outcome.labels)
    style = line_style(number)
    shown = [c for c in counts if c[1] >= _FEWEST_IMAGES]
    bounds = [wilson_interval(k, n) for _, n, k in shown]
    values = [100 * k / n for _, n, k in shown]
    ends = [(100 * low, 100 * high) for low, high in bounds]
    below = [max(v - low, 0) for v, (low, _) in zip(values, ends, strict=True)]
    above = [max(high - v, 0) for v, (_, high) in zip(values, ends, strict=True)]
    agreements = [100 * c[0] for c in shown]
    upper.errorbar(agreements, values, yerr=[below, above], elinewidth=0.7, label=name, **style)
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
