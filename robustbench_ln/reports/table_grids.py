"""A table as grids of texts, for Markdown and papers, and as a frame for a CSV file."""

from __future__ import annotations

import pandas as pd

from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import MISSING, number_range, percent, percent_interval
from robustbench_ln.reports.tables import Estimate, Row, Table

__all__ = ["accuracy_grid", "full_grid", "meaning_texts", "wide_frame"]


def accuracy_grid(table: Table) -> Grid:
    """Return the rows, and a column of accuracies for each mode: "91.6 [89.8, 93.2]".

    The best of a row is bold where its interval lies above the second best's.
    """
    estimates = [[table.estimate(row, mode) for mode in table.modes] for row in table.rows]
    sections = [row.section for row in table.rows]
    return Grid(
        (table.family.heading, *(mode.variant for mode in table.modes)),
        tuple(
            (row.name, *map(_text, line)) for row, line in zip(table.rows, estimates, strict=True)
        ),
        groups=table.groups and ("", *table.groups),
        bold=frozenset(
            (i, 1 + k) for i, line in enumerate(estimates) if (k := _clear_best(line)) is not None
        ),
        rules=frozenset(i for i in range(1, len(sections)) if sections[i] != sections[i - 1]),
    )


def full_grid(table: Table) -> Grid:
    """Return `accuracy_grid`, and before the accuracies what each row did to the images."""
    grid = accuracy_grid(table)
    heads = [meaning.head for meaning in table.family.meanings]
    rows = tuple(
        (name, *meaning_texts(table, row), *cells)
        for row, (name, *cells) in zip(table.rows, grid.rows, strict=True)
    )
    return Grid(
        (grid.header[0], *heads, *grid.header[1:]),
        rows,
        groups=grid.groups and ("", *[""] * len(heads), *grid.groups[1:]),
        bold=frozenset((i, k + len(heads)) for i, k in grid.bold),
        rules=grid.rules,
    )


def meaning_texts(table: Table, row: Row) -> list[str]:
    """Return what a row did to the images: numbers, or spans where its modes differ."""
    return [
        number_range([m.factor * value for value in _meaning(table, row, m.field)], m.decimals)
        for m in table.family.meanings
    ]


def wide_frame(table: Table) -> pd.DataFrame:
    """Return the raw numbers of `full_grid`: shares 0..1, a line for each row.

    A meaning is left empty where the modes of a row differ in it (other images, other seed).
    """
    lines = []
    for row in table.rows:
        line: dict[str, object] = {
            table.family.heading: row.name if row.sigma is None else row.sigma
        }
        for meaning in table.family.meanings:
            known = set(_meaning(table, row, meaning.field))
            line[meaning.field] = known.pop() if len(known) == 1 else None
        for mode in table.modes:
            estimate = table.estimate(row, mode)
            line[f"{mode.name} accuracy"] = None if estimate is None else estimate.value
            if table.family.has_means:
                continue
            interval = None if estimate is None else estimate.interval
            line[f"{mode.name} low"] = None if interval is None else interval.low
            line[f"{mode.name} high"] = None if interval is None else interval.high
        lines.append(line)
    return pd.DataFrame(lines)


def _meaning(table: Table, row: Row, field: str) -> list[float]:
    """Return a field of the records of a row's cells; NaN where a record lacks it."""
    cells = [
        cell for mode in table.modes for part in table.parts_of(row, mode) or [] for cell in part
    ]
    values = [getattr(cell.record, field) for cell in cells]
    return [float("nan") if value is None else value for value in values]


def _clear_best(line: list[Estimate | None]) -> int | None:
    """Return which estimate's interval lies above all others; None for none."""
    known = [(estimate, k) for k, estimate in enumerate(line) if estimate is not None]
    ranked = sorted(known, key=lambda item: item[0].value, reverse=True)
    if len(ranked) < 2:
        return None
    first, second = ranked[0][0].interval, ranked[1][0].interval
    return None if first is None or second is None or first.low <= second.high else ranked[0][1]


def _text(estimate: Estimate | None) -> str:
    if estimate is None:
        return MISSING
    if estimate.interval is None:
        return percent(estimate.value)
    return percent_interval(estimate.value, *estimate.interval)
