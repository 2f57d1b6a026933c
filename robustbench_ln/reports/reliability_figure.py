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
    draw_legend,
    legend_name,
    row_cell,
    spread_rows,
    stamp_limit,
)
from robustbench_ln.reports.figure_style import line_style
from robustbench_ln.reports.noise_family import NoiseFamily
from robustbench_ln.reports.reduced import Outcome, read_outcome
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

__all__ = ["RELIABILITY"]

_FEWEST_IMAGES = 5
"""Images in a bin, below which it is not drawn."""

Read = Mapping[str, Mapping[ModeResults, Outcome]]
"""Row's name -> mode -> what it said of each image."""
Bin = tuple[int, float, float]
"""Images, mean confidence, accuracy."""


def _make(tables: Sequence[Table]) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        found = _read(table)
        if found:
            words = (
                f"Reliability under {table.title}: accuracy against mean confidence, in {NUM_BINS} "
                f"equal bins of which each has {_FEWEST_IMAGES} images or more. Below the diagonal "
                "a network is more confident than right"
            )
            modes = len({mode for by_mode in found.values() for mode in by_mode})
            height = 2.1 + 0.14 * (1 + modes // 3)
            fill = partial(_fill, table=table, found=found)
            pieces.append(Drawing(f"_{table.name}", words, fill, height, _frame(found)))
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
    panels = canvas.subplots(1, max(len(found), 3), sharey=True)
    variants = list(dict.fromkeys(mode.variant for mode in table.modes))
    lines = ("-", "--", ":", "-.")
    labels = list(table.by_run)
    for axes in panels[len(found) :]:
        axes.set_axis_off()
    for axes, (sigma, by_mode) in zip(panels, found.items(), strict=False):
        axes.plot([0, 100], [0, 100], color="0.6", linewidth=0.7, linestyle=(0, (1, 2)))
        for mode in table.modes:
            bins = (
                [one for one in _bins(by_mode[mode]) if one[0] >= _FEWEST_IMAGES]
                if (mode in by_mode)
                else []
            )
            line = lines[labels.index(mode.run.label) % len(lines)]
            style = line_style(variants.index(mode.variant), line) | {"markersize": 3}
            points = [100 * b[1] for b in bins], [100 * b[2] for b in bins]
            axes.plot(*points, label=legend_name(table.names[mode]), **style | {"linewidth": 0.8})
        axes.set_title(f"σ {sigma}", fontsize=8)
        axes.set_xlim(0, 103)
        axes.set_ylim(0, 103)
        axes.set_aspect("equal")
        axes.set_xticks([0, 50, 100])
        axes.set_xlabel("confidence, %")
        axes.grid(color="0.92", linewidth=0.5)
    panels[0].set_ylabel("accuracy, %")
    stamp_limit(panels[0], table)
    handles = panels[0].get_lines()
    handles[0].set_label("as confident as right")
    draw_legend(canvas, panels[0], columns=3)


RELIABILITY = PaperFigure(
    name="reliability",
    title="Reliability diagrams",
    make=_make,
    needs="no run under a noise kept its predictions",
)
