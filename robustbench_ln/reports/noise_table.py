"""Accuracy against sigma: a row for each sigma, a column for each run and mode."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import (
    MISSING,
    fixed,
    general,
    number_range,
    percent,
    percent_interval,
)
from robustbench_ln.reports.tables import Column, Table

__all__ = ["accuracy_grid", "noise_frame", "noise_grid", "noise_text_grid", "random_group_grid"]

_MEANING = (
    ("gain", "gain", 1, 2),
    ("relative_noise_std", "noise std", 1, 2),
    ("clipped_share", "clipped %", 100, 1),
    ("psnr", "PSNR dB", 1, 1),
)
"""What a sigma means: field, head, factor, decimals."""

_Row = dict[Column, Any]


def noise_grid(table: Table) -> Grid:
    """Return the table for Markdown: `accuracy_grid`, and what each sigma means."""
    grid = accuracy_grid(table)
    heads, *meanings = _meanings(_rows(table))
    rows = [(name, *m, *cells) for (name, *cells), m in zip(grid.rows, meanings, strict=True)]
    return Grid(
        (grid.header[0], *heads, *grid.header[1:]),
        tuple(rows),
        groups=grid.groups and ("", *[""] * len(heads), *grid.groups[1:]),
        bold=frozenset((i, k + len(heads)) for i, k in grid.bold),
    )


def accuracy_grid(table: Table) -> Grid:
    """Return sigma, and a column of accuracies for each run and mode: "91.6 [89.8, 93.2]".

    The best of a row is bold where its interval lies above the second best's.
    """
    columns, rows = table.columns, _rows(table)
    bests = [_clear_best(row) for row in rows.values()]
    return Grid(
        ("sigma", *(column.variant for column in columns)),
        tuple(
            (general(sigma), *(_interval(row.get(column)) for column in columns))
            for sigma, row in rows.items()
        ),
        groups=table.groups and ("", *table.groups),
        bold=frozenset(
            (i, 1 + columns.index(best)) for i, best in enumerate(bests) if best is not None
        ),
    )


def noise_text_grid(table: Table) -> Grid:
    """Return the table for a terminal: a row for each column of `noise_grid`, narrow columns.

    The last column is the widest half of a row's intervals.
    """
    rows = _rows(table)
    meanings = [(head, *texts, "") for head, *texts in zip(*_meanings(rows), strict=True)]
    lines = []
    labels = dict.fromkeys(column.label for column in table.columns)
    for label in labels:
        if len(labels) > 1:
            lines.append((label, *[""] * len(rows), ""))
        for column in table.columns:
            if column.label == label:
                indent = "  " if len(labels) > 1 else ""
                lines.append((indent + column.variant, *_narrow_cells(rows, column)))
    return Grid(("sigma", *map(general, rows), "+-"), (*meanings, *lines))


def random_group_grid(table: Table) -> Grid | None:
    """Return drawn accuracy, and its expectation and standard deviation over the random groups.

    None where no group was random.
    """
    rows = _rows(table)
    is_random = {
        column
        for row in rows.values()
        for column, cell in row.items()
        if not math.isnan(cell.expected_correct)
    }
    columns = [column for column in table.columns if column in is_random]
    if not columns:
        return None
    lines = [
        (general(sigma), *(_expectation(row.get(column)) for column in columns))
        for sigma, row in rows.items()
    ]
    return Grid(("sigma", *(table.names[column] for column in columns)), tuple(lines))


def noise_frame(table: Table) -> pd.DataFrame:
    """Return the raw numbers of `noise_grid`, for a CSV file: shares 0..1.

    A meaning is left empty where the columns of a row differ in it (other images, other seed).
    """
    rows = []
    for sigma, row in _rows(table).items():
        values: dict[str, float] = {"sigma": sigma}
        for field, *_ in _MEANING:
            known = {getattr(cell, field) for cell in row.values()}
            values[field] = known.pop() if len(known) == 1 else float("nan")
        for column, cell in row.items():
            for field in ("accuracy", "low", "high"):
                values[f"{column.label} {column.variant} {field}"] = getattr(cell, field)
        rows.append(values)
    return pd.DataFrame(rows, columns=_wide_columns(table))


def _wide_columns(table: Table) -> list[str]:
    names = [f"{column.label} {column.variant}" for column in table.columns]
    shares = [f"{name} {field}" for name in names for field in ("accuracy", "low", "high")]
    return ["sigma", *(field for field, *_ in _MEANING), *shares]


def _rows(table: Table) -> dict[float, _Row]:
    """Return sigma -> column -> cell, both in their order."""
    rows: dict[float, _Row] = {sigma: {} for sigma in sorted(set(table.cells["severity"]))}
    for place, cell in table.by_place.items():
        rows[place.severity][place.column] = cell
    return rows


def _narrow_cells(rows: dict[float, _Row], column: Column) -> list[str]:
    """Return a column's accuracies, and the widest half of its intervals."""
    cells = [row.get(column) for row in rows.values()]
    shown = [MISSING if cell is None else percent(cell.accuracy) for cell in cells]
    halves = [(cell.high - cell.low) / 2 for cell in cells if cell is not None]
    return [*shown, percent(max(halves))]


def _meaning(row: _Row) -> list[str]:
    return [
        number_range([factor * getattr(cell, field) for cell in row.values()], decimals)
        for field, _, factor, decimals in _MEANING
    ]


def _meanings(rows: dict[float, _Row]) -> list[list[str]]:
    return [[head for _, head, _, _ in _MEANING], *map(_meaning, rows.values())]


def _clear_best(row: _Row) -> Column | None:
    ranked = sorted(row, key=lambda column: row[column].accuracy, reverse=True)
    if len(ranked) < 2 or row[ranked[0]].low <= row[ranked[1]].high:
        return None
    return ranked[0]


def _interval(cell: Any | None) -> str:
    return MISSING if cell is None else percent_interval(cell.accuracy, cell.low, cell.high)


def _expectation(cell: Any | None) -> str:
    if cell is None:
        return MISSING
    mean, deviation = cell.expected_correct / cell.total, cell.expected_sd / cell.total
    return f"{percent(cell.accuracy)} ({percent(mean)} ± {fixed(100 * deviation, 2)})"
