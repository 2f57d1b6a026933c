"""Reliability diagrams: accuracy against confidence, over sigma."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from robustbench_ln.metrics.calibration import NUM_BINS, bin_confidence
from robustbench_ln.metrics.intervals import wilson_interval
from robustbench_ln.reports.captions import limit_stamp
from robustbench_ln.reports.drawings import (
    Drawing,
    PaperFigure,
    Piece,
    pages_of,
    spread_rows,
)
from robustbench_ln.reports.figure_keys import Key, KeyEntry
from robustbench_ln.reports.figure_style import title_of, wrap_label
from robustbench_ln.reports.mode_styles import level_style
from robustbench_ln.reports.panels import Places, place_panels
from robustbench_ln.reports.percent_axis import draw_percent_grid
from robustbench_ln.reports.reduced import Outcome, read_levels
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.columns import Columns
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["RELIABILITY"]

_PANEL, _LARGEST = 1.3, 2.2
"""Inches: least and largest width of a mode's panel."""
_MOST_ROWS = 4
"""Rows of panels on a page."""
_LINE = 0.14
"""Inches of a line below."""
_FEWEST_IMAGES = 10
"""Images in a bin, below which it is not drawn."""

Outcomes = Mapping[str, Outcome]
"""Row's name -> what a mode said of each image."""
Bin = tuple[int, float, int]
"""Images, mean confidence, right ones."""


def _make(tables: Sequence[Table], inches: float) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        found = _read(table)
        for page in pages_of(list(found), _MOST_ROWS * int(inches / _PANEL)):
            words = (
                f"Reliability under {table.title}: accuracy against mean confidence, in {NUM_BINS} "
                f"equal bins of which each has {_FEWEST_IMAGES} images or more, with 95 % Wilson "
                f"intervals. Below the diagonal a network is more confident than right{page.part}"
            )
            part = {mode: found[mode] for mode in page.items}
            places = place_panels(len(part), inches, least=_PANEL)
            side = min(inches / places.columns, _LARGEST)
            width = min(inches, max(0.4 + side * places.columns, 3))
            x_label = wrap_label(f"confidence, %; {table.title}", width - 0.5)
            size = (width, 0.5 + _LINE * (x_label.count("\n") + 1) + (side + 0.1) * places.rows)
            fill = partial(_fill, found=part, places=places, x_label=x_label)
            stamp, name = limit_stamp(table), f"_{table.name}{page.ending}"
            pieces.append(
                Drawing(name, words, fill, size, _key(part, size[0]), stamp, _numbers(part))
            )
    return pieces


def _read(table: Table) -> dict[ModeResults, Outcomes]:
    rows = spread_rows(table.sigma_rows)
    levels = {mode: read_levels(table, mode, rows) for mode in table.modes}
    return {
        mode: {row.name: outcome for row, outcome in found.items()}
        for mode, found in levels.items()
        if found
    }


def _key(found: Mapping[ModeResults, Outcomes], inches: float) -> Key:
    entries = [KeyEntry(f"σ {name}", level_style(name, _names(found))) for name in _names(found)]
    equal = {"color": "0.6", "linewidth": 0.7, "linestyle": (0, (1, 2))}
    return Key([*entries, KeyEntry("accuracy equal to confidence", equal)], inches)


def _names(found: Mapping[ModeResults, Outcomes]) -> list[str]:
    return list(dict.fromkeys(name for outcomes in found.values() for name in outcomes))


def _bins(outcome: Outcome) -> list[Bin]:
    """Return the bins that have images, from the least confident."""
    which = bin_confidence(outcome.confidence)
    totals = np.bincount(which, minlength=NUM_BINS)
    sums = np.bincount(which, weights=outcome.confidence.astype(np.float64), minlength=NUM_BINS)
    right = np.bincount(which, weights=outcome.correct, minlength=NUM_BINS)
    return [
        (int(n), float(s / n), int(k)) for n, s, k in zip(totals, sums, right, strict=True) if n
    ]


def _numbers(found: Mapping[ModeResults, Outcomes]) -> Columns:
    rows = [
        (mode.run.label, mode.variant, sigma, n, confidence, k / n)
        for mode, outcomes in found.items()
        for sigma, outcome in outcomes.items()
        for n, confidence, k in _bins(outcome)
    ]
    columns = ["label", "variant", "sigma", "total", "mean_confidence", "accuracy"]
    return Columns.of_tuples(columns, rows)


def _fill(
    canvas: Canvas, *, found: Mapping[ModeResults, Outcomes], places: Places, x_label: str
) -> None:
    """Draw a panel for each mode, a line for each sigma."""
    panels = places.subplots(canvas, len(found), sharex=True, sharey=True)
    names = _names(found)
    for axes, (mode, outcomes) in zip(panels, found.items(), strict=True):
        for name, outcome in outcomes.items():
            _draw_bins(axes, outcome, level_style(name, names))
        title = [mode.run.label, mode.title]
        axes.set_title("\n".join(title_of(part, 24, 1) for part in title), fontsize=6.5)
        axes.plot([0, 100], [0, 100], color="0.6", linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
        axes.set(xlim=(-3, 103), ylim=(-3, 103))
        axes.set(xticks=[0, 50, 100], yticks=[0, 50, 100])
        draw_percent_grid(axes, "both")
    canvas.supxlabel(x_label, fontsize=8)
    canvas.supylabel("accuracy, %", fontsize=8)


def _draw_bins(axes: Axes, outcome: Outcome, level: Mapping[str, Any]) -> None:
    bins = [one for one in _bins(outcome) if one[0] >= _FEWEST_IMAGES]
    style = {**level, "markersize": 3, "linewidth": 0.8}
    axes.plot([100 * b[1] for b in bins], [100 * b[2] / b[0] for b in bins], **style)
    for n, confidence, k in bins:
        ends = [100 * end for end in wilson_interval(k, n)]
        bar = {"color": style["color"], "linewidth": 0.7, "alpha": 0.4, "zorder": 1}
        axes.plot([100 * confidence] * 2, ends, **bar)


RELIABILITY = PaperFigure(
    name="reliability",
    title="Reliability diagrams",
    make=_make,
    needs="no run under a noise kept its predictions",
)
