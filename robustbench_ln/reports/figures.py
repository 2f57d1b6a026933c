"""The figures that a report has, and their files."""

from __future__ import annotations

from collections.abc import Iterator

from robustbench_ln.reports.corruption_figure import CORRUPTION_DOTS, SEVERITY_MEANS
from robustbench_ln.reports.curve_figure import CURVES
from robustbench_ln.reports.figure_style import KINDS, WIDTHS, Figure, draw_figure
from robustbench_ln.reports.tables import Table

__all__ = ["figure_files", "figures_of"]

_FIGURES = (CURVES, CORRUPTION_DOTS, SEVERITY_MEANS)


def figures_of(table: Table) -> dict[str, Figure]:
    """Return the figures of a table in the order of a report, by their files' names."""
    return {
        f"accuracy_{table.name}{figure.ending}": figure
        for figure in _FIGURES
        if isinstance(table.family, figure.family) and figure.has_points(table)
    }


def figure_files(name: str, figure: Figure, table: Table) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file of a figure: for one and two columns, PNG and SVG."""
    for suffix, inches in WIDTHS.items():
        for kind in KINDS:
            yield f"{name}{suffix}.{kind}", draw_figure(figure, table, inches=inches, kind=kind)
