"""Gamma and beta of each group over training (ICANN 5, arXiv 6), from norms.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

from robustbench_ln.reports.drawings import Drawing, PaperFigure, Piece, pages_of
from robustbench_ln.reports.figure_style import title_of
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.norm_history import QUANTITIES, NormRow, find_norm_history

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["SPREAD"]

History = Sequence[NormRow]
Lines = Mapping[int, Mapping[int, float]]
"""Group -> epoch -> mean over layers."""


_RUNS_A_PAGE = 5


def _make(tables: Sequence[Table], inches: float) -> list[Piece]:
    runs = {mode.run.path: mode.run for table in tables for mode in table.modes}.values()
    found = {run.label: history for run in runs if (history := find_norm_history(run))}
    words = (
        "Scale gamma and shift beta over training: mean and variance over the channels, averaged "
        "over the layers that have groups; a line for each group, and the other networks in grey"
    )
    layers = _grouped_layers(found)
    lines = {
        label: {quantity: _average(history, quantity, layers) for quantity in QUANTITIES}
        for label, history in found.items()
    }
    columns = 4 if inches >= 5 else 2
    pieces: list[Piece] = []
    for page in pages_of(list(found), _RUNS_A_PAGE):
        labels = page.items
        fill = partial(_fill, lines=lines, labels=labels, columns=columns)
        size = (inches, 0.35 + 1.35 * len(labels) * len(QUANTITIES) / columns)
        pieces.append(Drawing(page.ending, words + page.part, fill, size))
    return pieces


def _fill(
    canvas: Canvas,
    *,
    lines: Mapping[str, Mapping[str, Lines]],
    labels: Sequence[str],
    columns: int,
) -> None:
    """Draw a row of panels for each network; a quantity has the same axis in all rows."""
    rows = len(QUANTITIES) // columns
    grid: Any = canvas.subplots(len(labels) * rows, columns, sharex=True, squeeze=False)
    panels = grid.reshape(len(labels), len(QUANTITIES))
    for row, label in zip(panels, labels, strict=True):
        for axes, quantity, first in zip(row, QUANTITIES, panels[0], strict=True):
            axes.sharey(first) if axes is not first else None
            for other, of_other in lines.items():
                if other != label:
                    _draw_groups(axes, of_other[quantity], "0.85", 1)
            _draw_groups(axes, lines[label][quantity], "0.1", 2)
            greek, _, what = quantity.partition("_")
            axes.set_title(f"{what} of {'γ' if greek == 'gamma' else 'β'}", fontsize=7.5)
        groups = len(lines[label][QUANTITIES[0]])
        name = title_of(label, 20, 1) + (f"\n{groups} groups" if groups > 1 else "")
        row[0].set_ylabel(name, fontsize=7, fontweight="bold")
    canvas.supxlabel("epoch", fontsize=8)


def _draw_groups(axes: Axes, lines: Lines, colour: str, zorder: int) -> None:
    from matplotlib.ticker import MaxNLocator

    for points in lines.values():
        axes.plot(
            [*points], [*points.values()], color=colour, linewidth=0.7, zorder=zorder,
            marker="o" if len(points) == 1 else None, markersize=2,
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.tick_params(labelsize=6.5)
    axes.margins(x=0.03)


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
