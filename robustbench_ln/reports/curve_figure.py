"""Accuracy against sigma. Bands are 95 % Wilson intervals."""

from __future__ import annotations

import math

from matplotlib.axes import Axes

from robustbench_ln.reports.figure_style import Figure, Line, draw_chance, each_line, plot_height
from robustbench_ln.reports.noise_family import NoiseFamily
from robustbench_ln.reports.tables import Table

__all__ = ["CURVES"]

_MOST_MARKERS = 12


def _draw(axes: Axes, table: Table) -> None:
    step = math.ceil(len(table.rows) / _MOST_MARKERS)
    for line in each_line(axes, table):
        _draw_line(axes, table, line, step)
    axes.fill_between([], [], color="0.5", alpha=0.3, linewidth=0, label="95 % Wilson interval")
    draw_chance(axes.axhline, table)
    most = _largest_sigma(table)
    axes.set_xlim(-0.02 * (most or 1), 1.02 * (most or 1))
    axes.set_ylim(0, 100)
    axes.set_xlabel(f"σ of {table.title}")
    axes.set_ylabel("accuracy, %")
    axes.grid(axis="y", color="0.9", linewidth=0.5)


def _draw_line(axes: Axes, table: Table, line: Line, step: int) -> None:
    """Draw a mode. Of many sigmas only every `step`-th is marked, other ones for each mode."""
    estimates = [(row.sigma, table.estimate(row, line.mode)) for row in table.rows]
    points = [(sigma, *e.interval, e.value) for sigma, e in estimates if e and e.interval]
    sigmas, *shares = zip(*points, strict=True)
    low, high, accuracy = ([100 * share for share in of_kind] for of_kind in shares)
    marked = (line.number % step, step)
    axes.plot(sigmas, accuracy, label=line.mode.variant, markevery=marked, **line.style)
    axes.fill_between(sigmas, low, high, color=line.style["color"], alpha=0.13, linewidth=0)


def _largest_sigma(table: Table) -> float:
    return max(row.sigma or 0.0 for row in table.rows)


CURVES = Figure(
    family=NoiseFamily,
    shows="Accuracy against sigma",
    draw=_draw,
    height=plot_height,
    has_points=lambda table: _largest_sigma(table) > 0,
)
