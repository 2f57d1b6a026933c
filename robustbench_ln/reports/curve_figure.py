"""Accuracy against sigma, with 95 % Wilson intervals."""

from __future__ import annotations

from robustbench_ln.reports.curves import Curves
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.tables import Table

__all__ = ["draw_sigmas", "sigma_curves"]


def draw_sigmas(table: Table, inches: float) -> list[Drawing]:
    """Return the curves of a noise; none where no sigma is above 0."""
    if not any(row.sigma for row in table.sigma_rows):
        return []
    words = f"Accuracy against sigma: {table.title}"
    return [sigma_curves(table, inches).drawing(f"_{table.name}", words)]


def sigma_curves(table: Table, inches: float) -> Curves:
    """Return the curve of each mode of a noise."""
    points = {
        mode: {
            row.sigma or 0.0: estimate
            for row in table.rows
            if (estimate := table.estimate(row, mode)) is not None
        }
        for mode in table.modes
    }
    return Curves(table, points, f"σ of {table.title}", "accuracy, %", inches)
