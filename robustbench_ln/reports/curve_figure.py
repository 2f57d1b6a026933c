"""Accuracy against sigma. Bands are 95 % Wilson intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from robustbench_ln.reports.figure_style import (
    Figure,
    draw_chance,
    draw_line,
    each_line,
    label_intervals,
    plot_height,
)
from robustbench_ln.reports.noise_family import NoiseFamily
from robustbench_ln.reports.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CURVES"]

_MOST_MARKERS = 12


def _draw(axes: Axes, table: Table) -> None:
    """Draw a curve for each mode. Of many sigmas only some are marked, other ones for each mode."""
    step = math.ceil(len(table.rows) / _MOST_MARKERS)
    for line in each_line(axes, table):
        found = [(row.sigma or 0.0, table.estimate(row, line.mode)) for row in table.rows]
        points = {sigma: estimate for sigma, estimate in found if estimate}
        draw_line(axes, line, points, markevery=(line.number % step, step))
    label_intervals(axes, table)
    draw_chance(axes.axhline, table)
    most = _largest_sigma(table)
    axes.set_xlim(-0.02 * (most or 1), 1.02 * (most or 1))
    axes.set_ylim(0, 100)
    axes.set_xlabel(f"σ of {table.title}")
    axes.set_ylabel("accuracy, %")
    axes.grid(axis="y", color="0.9", linewidth=0.5)


def _largest_sigma(table: Table) -> float:
    return max(row.sigma or 0.0 for row in table.rows)


CURVES = Figure(
    family=NoiseFamily,
    shows="Accuracy against sigma",
    draw=_draw,
    height=plot_height,
    has_points=lambda table: _largest_sigma(table) > 0,
)
