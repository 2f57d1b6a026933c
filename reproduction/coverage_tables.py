"""Blocks of docs/uncertainty.md: how often simulated intervals held the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from reproduction.coverage import NUM_UNITS, RECORD
from robustbench_ln.reports.grids import Grid, to_markdown

__all__ = ["COVERAGE_BLOCKS"]

_METHODS = {"t": "Student's t", "before": "percentile bootstrap", "wilson": "Wilson"}


def coverage_table(words: str) -> str:
    """A table of the record: "mean t", "wilson wilson t"; % of the intervals that were given."""
    table, *methods = words.split()
    record = json.loads(RECORD.read_text())
    cells: dict[str, dict[int, str]] = {}
    for row in record["rows"]:
        if row["table"] == table and row["method"] in [_METHODS[name] for name in methods]:
            head = row["case"] if len(methods) == 1 else f"{row['case']}: {row['method']}"
            cells.setdefault(head, {})[row["units"]] = _share(row)
    rows = tuple((head, *map(shares.__getitem__, NUM_UNITS)) for head, shares in cells.items())
    return to_markdown(Grid(("", *map(str, NUM_UNITS)), rows))


def _share(row: dict[str, Any]) -> str:
    return f"{100 * row['held'] / row['given']:.1f}" if row["given"] else "-"


COVERAGE_BLOCKS: dict[str, Callable[[str], str]] = {"coverage": coverage_table}
