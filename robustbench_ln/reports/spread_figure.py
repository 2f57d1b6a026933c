"""Gamma and beta of each group over training (ICANN 5, arXiv 6), from norms.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

from robustbench_ln.reports.drawings import Drawing, PaperFigure, Piece, draw_legend, legend_name
from robustbench_ln.reports.figure_style import line_style
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.norm_history import QUANTITIES, NormRow, find_norm_history
from robustbench_ln.texts.safe import shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

__all__ = ["SPREAD"]

History = Sequence[NormRow]
Lines = Mapping[int, Mapping[int, float]]
"""Group -> epoch -> mean over layers."""


def _make(tables: Sequence[Table]) -> list[Piece]:
    runs = {mode.run.path: mode.run for table in tables for mode in table.modes}.values()
    found = {run.label: history for run in runs if (history := find_norm_history(run))}
    if not found:
        return []
    words = (
        "Scale gamma and shift beta over training: mean and variance over the channels, averaged "
        "over the layers that have groups; a line for each group"
    )
    height = 1.75 + 0.14 * -(-len(found) // 3)
    return [Drawing("", words, partial(_fill, found=found), height)]


def _fill(canvas: Canvas, *, found: Mapping[str, History]) -> None:
    from matplotlib.ticker import MaxNLocator

    panels = canvas.subplots(1, len(QUANTITIES))
    layers = _grouped_layers(found)
    for axes, quantity in zip(panels, QUANTITIES, strict=True):
        for number, (label, history) in enumerate(found.items()):
            lines = _average(history, quantity, layers)
            colour = line_style(number)["color"]
            name = legend_name(shorten(label, 32)) + (
                f", {len(lines)} groups" if len(lines) > 1 else ""
            )
            for k, points in enumerate(lines.values()):
                axes.plot(
                    [*points], [*points.values()], color=colour, linewidth=0.7,
                    marker="o" if len(points) == 1 else None, markersize=2,
                    label=name if k == 0 else None,
                )  # fmt: skip
        greek, _, what = quantity.partition("_")
        axes.set_title(f"{what} of {'γ' if greek == 'gamma' else 'β'}", fontsize=8)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        axes.tick_params(labelsize=6.5)
        axes.margins(x=0.03)
    draw_legend(canvas, panels[0], columns=3)


def _grouped_layers(found: Mapping[str, History]) -> set[str]:
    """Return the layers that have several groups in some run; all where none has."""
    rows = [row for history in found.values() for row in history]
    return {row.layer for row in rows if row.group > 0} or {row.layer for row in rows}


def _average(history: History, quantity: str, layers: set[str]) -> Lines:
    """Return the lines of a quantity; over all layers where the run has none of `layers`."""
    own = {row.layer for row in history}
    wanted = own & layers or own
    values: dict[int, dict[int, list[float]]] = {}
    for row in history:
        if row.layer in wanted:
            of_group = values.setdefault(row.group, {})
            of_group.setdefault(row.epoch, []).append(getattr(row, quantity))
    return {
        group: {epoch: fmean(found) for epoch, found in sorted(epochs.items())}
        for group, epochs in sorted(values.items())
    }


SPREAD = PaperFigure(
    name="spread",
    title="Gamma and beta of each group over training",
    make=_make,
    needs="no norms.csv of ln-bench train lies in a run's folder or beside its checkpoint",
)
