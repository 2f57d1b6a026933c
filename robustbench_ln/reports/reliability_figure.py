"""Reliability diagrams: accuracy against confidence, over sigma."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_ln.metrics.calibration import NUM_BINS, bin_confidence
from robustbench_ln.reports.drawings import (
    Drawing,
    PaperFigure,
    Piece,
    pages_of,
    row_cell,
    spread_rows,
    stamp_limit,
)
from robustbench_ln.reports.figure_style import line_style
from robustbench_ln.reports.noise_family import NoiseFamily
from robustbench_ln.reports.reduced import Outcome, read_outcome
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.texts.safe import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["RELIABILITY"]

_RUNS_A_PAGE = 5
_FEWEST_IMAGES = 10
"""Images in a bin, below which it is not drawn."""

Read = Mapping[str, Mapping[ModeResults, Outcome]]
"""Row's name -> mode -> what it said of each image."""
Bin = tuple[int, float, float]
"""Images, mean confidence, accuracy."""


def _make(tables: Sequence[Table]) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        found = _read(table)
        for ending, runs in pages_of(_runs_of(found), _RUNS_A_PAGE):
            words = (
                f"Reliability under {table.title}: accuracy against mean confidence, in {NUM_BINS} "
                f"equal bins of which each has {_FEWEST_IMAGES} images or more. Below the diagonal "
                "a network is more confident than right"
            )
            part = {
                sigma: {mode: o for mode, o in by_mode.items() if mode.run.label in runs}
                for sigma, by_mode in found.items()
            }
            modes = {mode.variant for by_mode in part.values() for mode in by_mode}
            height = 0.5 + 1.6 * len(runs) + 0.14 * -(-len(modes) // 4)
            fill = partial(_fill, table=table, found=part)
            name = f"_{table.name}{ending}"
            pieces.append(Drawing(name, words, fill, height, _frame(part)))
    return pieces


def _read(table: Table) -> Read:
    found: dict[str, dict[ModeResults, Outcome]] = {}
    for row in spread_rows(table) if isinstance(table.family, NoiseFamily) else ():
        for mode in table.modes:
            cell = row_cell(table, row, mode)
            outcome = cell and read_outcome(mode, cell.record.condition)
            if outcome:
                found.setdefault(row.name, {})[mode] = outcome
    return found


def _bins(outcome: Outcome) -> list[Bin]:
    """Return the bins that have images, from the least confident."""
    which = bin_confidence(outcome.confidence)
    totals = np.bincount(which, minlength=NUM_BINS)
    sums = np.bincount(which, weights=outcome.confidence.astype(np.float64), minlength=NUM_BINS)
    right = np.bincount(which, weights=outcome.correct, minlength=NUM_BINS)
    return [
        (int(n), float(s / n), float(k / n))
        for n, s, k in zip(totals, sums, right, strict=True)
        if n
    ]


def _frame(found: Read) -> pd.DataFrame:
    rows = [
        (mode.run.label, mode.variant, sigma, *one)
        for sigma, by_mode in found.items()
        for mode, outcome in by_mode.items()
        for one in _bins(outcome)
    ]
    columns = ["label", "variant", "sigma", "total", "mean_confidence", "accuracy"]
    return pd.DataFrame(rows, columns=columns)


def _fill(canvas: Canvas, *, table: Table, found: Read) -> None:
    """Draw a row of panels for each run, a panel for each sigma."""
    variants = list(dict.fromkeys(mode.variant for mode in table.modes))
    runs = _runs_of(found)
    grid = canvas.subplots(len(runs), max(len(found), 3), sharex=True, sharey=True, squeeze=False)
    for axes in grid[:, len(found) :].flat:
        axes.set_axis_off()
    for row, label in zip(grid, runs, strict=True):
        for axes, (sigma, by_mode) in zip(row, found.items(), strict=False):
            for mode in (mode for mode in by_mode if mode.run.label == label):
                _draw_bins(axes, by_mode[mode], mode.variant, variants.index(mode.variant))
            _finish_panel(axes)
            axes.set_title(f"σ {sigma}" if label == runs[0] else "", fontsize=8)
        row[0].set_ylabel("accuracy, %")
        if table.groups:
            row[0].annotate(
                shorten(label, 24), (-0.42, 0.5), xycoords="axes fraction", rotation=90,
                ha="right", va="center", fontsize=7.5, fontweight="bold",
            )  # fmt: skip
    for axes in grid[-1]:
        axes.set_xlabel("confidence, %")
    stamp_limit(canvas, table)
    _draw_legend_of_all(canvas, list(grid[:, 0]), variants)


def _runs_of(found: Read) -> list[str]:
    return list(dict.fromkeys(mode.run.label for by_mode in found.values() for mode in by_mode))


def _draw_bins(axes: Axes, outcome: Outcome, name: str, number: int) -> None:
    bins = [one for one in _bins(outcome) if one[0] >= _FEWEST_IMAGES]
    style = line_style(number) | {"markersize": 3, "linewidth": 0.8}
    axes.plot([100 * b[1] for b in bins], [100 * b[2] for b in bins], label=name, **style)


def _finish_panel(axes: Axes) -> None:
    axes.plot([0, 100], [0, 100], color="0.6", linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
    axes.set_xlim(0, 103)
    axes.set_ylim(0, 103)
    axes.set_aspect("equal")
    axes.set_xticks([0, 50, 100])
    axes.set_yticks([0, 50, 100])
    axes.grid(color="0.92", linewidth=0.5)


def _draw_legend_of_all(canvas: Canvas, panels: Sequence[Axes], variants: Sequence[str]) -> None:
    """Draw one legend of all runs' modes, each mode once."""
    named = {
        str(line.get_label()): line
        for axes in panels
        for line in axes.get_lines()
        if line.get_label() in variants
    }
    canvas.legend(
        [named[name] for name in variants if name in named],
        [name for name in variants if name in named],
        loc="outside lower center", ncols=4, frameon=False, fontsize=6.5, handlelength=2.4,
        columnspacing=1.2,
    )  # fmt: skip


RELIABILITY = PaperFigure(
    name="reliability",
    title="Reliability diagrams",
    make=_make,
    needs="no run under a noise kept its predictions",
)
