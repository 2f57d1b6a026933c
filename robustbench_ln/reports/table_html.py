"""A table as HTML for a cell of a notebook, which has its own style."""

from __future__ import annotations

from html import escape

from robustbench_ln.reports.table_grids import accuracy_grid
from robustbench_ln.reports.tables import Table
from robustbench_ln.texts.safe import for_html

__all__ = ["table_html"]


def table_html(table: Table) -> str:
    """Return its name, and its rows as in a report."""
    import pandas as pd

    grid = accuracy_grid(table)
    rows = [[for_html(text) for text in row] for row in grid.rows]
    heads = [for_html(text) for text in grid.header]
    columns = pd.MultiIndex.from_arrays([grid.groups, heads]) if grid.groups else heads
    html: str = pd.DataFrame(rows, columns=columns).to_html(index=False, border=0)
    return f"<p><strong>{escape(for_html(table.heading))}</strong></p>{html}"
