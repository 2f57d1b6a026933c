"""Accuracy against sigma, drawn for one or two columns of a page."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes

from robustbench_ln.reports.figure_style import Kind, Line, draw_chance, each_line, save_figure
from robustbench_ln.reports.tables import Table

__all__ = ["draw_figure"]

_MOST_MARKERS = 12


def draw_figure(table: Table, *, inches: float, kind: Kind) -> bytes:
    """Return a figure of a noise table, as a file's content. Bands are 95 % Wilson intervals.

    Args:
        table: Its rows are sigmas.
        inches: Width of the figure.
        kind: PNG has 200 dots an inch.
    """
    size = (inches, 3.2 if inches > 5 else 2.2)
    return save_figure(_draw, table, size=size, kind=kind)


def _draw(axes: Axes, table: Table) -> None:
    step = math.ceil(table.cells["severity"].nunique() / _MOST_MARKERS)
    for series in each_line(axes, table):
        _draw_line(axes, table.column_cells(series.column), series, step)
    axes.fill_between([], [], color="0.5", alpha=0.3, linewidth=0, label="95 % Wilson interval")
    draw_chance(axes.axhline, table)
    most = float(table.cells["severity"].max())
    axes.set_xlim(-0.02 * (most or 1), 1.02 * (most or 1))
    axes.set_ylim(0, 100)
    axes.set_xlabel(f"σ of {table.title}")
    axes.set_ylabel("accuracy, %")
    axes.grid(axis="y", color="0.9", linewidth=0.5)


def _draw_line(axes: Axes, cells: pd.DataFrame, series: Line, step: int) -> None:
    """Draw a mode. Of many sigmas only every `step`-th is marked, other ones for each mode."""
    sigmas = cells["severity"].to_numpy()
    percents = {field: 100 * cells[field].to_numpy() for field in ("accuracy", "low", "high")}
    marked = (series.number % step, step)
    axes.plot(
        sigmas,
        percents["accuracy"],
        label=series.column.variant,
        markevery=marked,
        **series.style,
    )
    axes.fill_between(
        sigmas,
        percents["low"],
        percents["high"],
        color=series.style["color"],
        alpha=0.13,
        linewidth=0,
    )
