"""Accuracy under common corruptions: a row for each, means over the severities."""

from __future__ import annotations

from statistics import fmean
from typing import NamedTuple

import pandas as pd

from robustbench_ln.corruption_error import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS
from robustbench_ln.reports.formats import MISSING, percent
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.tables import Column, Place, Table

__all__ = ["corruption_frame", "corruption_grid", "missing_corruptions", "severities_of"]


class _Row(NamedTuple):
    """A row's name, and the corruption it is about."""

    name: str
    corruption: str


_MEAN_ROW = _Row(f"mean of the {len(BENCHMARK_CORRUPTIONS)}", "")


def severities_of(table: Table) -> list[float]:
    """Return the severities that the means are over: all that the table has."""
    corrupted = table.cells[table.cells["corruption"] != "clean"]
    return sorted(float(severity) for severity in corrupted["severity"].unique())


def corruption_grid(table: Table) -> Grid:
    """Return the table for Markdown and terminals: the clean images, the 15, their mean, others."""
    rows = [
        (row.name, *(MISSING if mean is None else percent(mean) for mean in line.values()))
        for row, line in _lines(_means(table), table.columns).items()
    ]
    return Grid(("corruption", *table.names.values()), tuple(rows))


def corruption_frame(table: Table) -> pd.DataFrame:
    """Return the raw numbers of `corruption_grid`, for a CSV file: shares 0..1."""
    rows = [
        {"corruption": row.name}
        | {f"{column.label} {column.variant} accuracy": mean for column, mean in line.items()}
        for row, line in _lines(_means(table), table.columns).items()
    ]
    return pd.DataFrame(rows)


def missing_corruptions(table: Table) -> dict[Column, list[str]]:
    """Return what keeps a column from its mean over the 15: those not measured everywhere."""
    means = _means(table)
    lacking = {
        column: [name for name in BENCHMARK_CORRUPTIONS if _one(means, name, column) is None]
        for column in table.columns
    }
    return {column: names for column, names in lacking.items() if names}


_Means = dict[_Row, dict[Column, float | None]]


def _lines(means: _Means, columns: list[Column]) -> _Means:
    """Return the rows in their order, with the mean over the 15 where a column has it."""
    benchmark = dict.fromkeys(("clean", *BENCHMARK_CORRUPTIONS))
    average = {column: _benchmark_mean(means, column) for column in columns}
    has_average = any(mean is not None for mean in average.values())
    return (
        {row: means[row] for row in means if row.corruption in benchmark}
        | ({_MEAN_ROW: average} if has_average else {})
        | {row: means[row] for row in means if row.corruption not in benchmark}
    )


def _means(table: Table) -> _Means:
    """Return each row's mean accuracy over the severities, None where one is missing."""
    cells = table.by_place()
    rows = {_Row(place.row, cell.corruption) for place, cell in cells.items()}
    means: _Means = {}
    for row in sorted(rows, key=_rank):
        severities = [0.0] if row.corruption == "clean" else severities_of(table)
        means[row] = {}
        for column in table.columns:
            found = [cells.get(Place(column, row.name, severity)) for severity in severities]
            known = [cell.accuracy for cell in found if cell is not None]
            means[row][column] = fmean(known) if len(known) == len(severities) else None
    return means


def _rank(row: _Row) -> tuple[int, str]:
    order = ("clean", *BENCHMARK_CORRUPTIONS, *EXTRA_CORRUPTIONS)
    return (order.index(row.corruption) if row.corruption in order else len(order), row.name)


def _benchmark_mean(means: _Means, column: Column) -> float | None:
    values = [_one(means, name, column) for name in BENCHMARK_CORRUPTIONS]
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None


def _one(means: _Means, corruption: str, column: Column) -> float | None:
    """Return a column's mean under a corruption; None where it has none, or two kinds of frost."""
    values = [line[column] for row, line in means.items() if row.corruption == corruption]
    known = [value for value in values if value is not None]
    return known[0] if len(known) == 1 else None
