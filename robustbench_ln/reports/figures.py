"""The figures that a report has beside each table."""

from __future__ import annotations

from robustbench_ln.reports.corruption_figure import draw_corruptions, draw_severities
from robustbench_ln.reports.curve_figure import draw_sigmas
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.tables import Table

__all__ = ["draw_accuracy"]

_FIGURES = (draw_sigmas, draw_corruptions, draw_severities)


def draw_accuracy(table: Table, inches: float) -> list[Drawing]:
    """Return the figures of a table in the order of a report."""
    return [drawing for draw in _FIGURES for drawing in draw(table, inches)]
