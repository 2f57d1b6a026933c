"""Accuracy under common corruptions: a row for each, means over the severities."""

from __future__ import annotations

from statistics import fmean
from typing import Any, NamedTuple

import pandas as pd

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS
from robustbench_ln.metrics.corruption_error import MEAN_ROW
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import MISSING, general, percent
from robustbench_ln.reports.tables import Column, Place, Table

__all__ = [
    "Row",
    "accuracy_words",
    "corruption_frame",
    "corruption_grid",
    "corruption_means",
    "missing_corruptions",
    "severity_means",
]


class Row(NamedTuple):
    """A row's name, and the corruption it is about; MEAN_ROW for a mean of the 15."""

    name: str
    corruption: str


Means = dict[Row, dict[Column, float | None]]
"""Row -> column -> accuracy 0..1, None where it was not measured at every severity."""


_COMPLETE = (["clean"], sorted(BENCHMARK_CORRUPTIONS))


def accuracy_words(table: Table) -> str:
    """Return what the numbers are: "accuracy in %, mean over severities 1-5"."""
    severities = _severities_of(table)
    if len(severities) == 1:
        return f"accuracy in % at severity {general(severities[0])}"
    low, high = severities[0], severities[-1]
    if len(severities) > 2 and len(severities) == high - low + 1:
        return f"accuracy in %, mean over severities {general(low)}-{general(high)}"
    return f"accuracy in %, mean over severities {', '.join(map(general, severities))}"


def corruption_grid(table: Table) -> Grid:
    """Return the table: the clean images, the 15, their mean, others."""
    means = corruption_means(table)
    kinds = [_kind(row) for row in means]
    return Grid(
        ("corruption", *(column.variant for column in table.columns)),
        tuple(
            (row.name, *(MISSING if mean is None else percent(mean) for mean in line.values()))
            for row, line in means.items()
        ),
        groups=table.groups and ("", *table.groups),
        rules=frozenset(i for i in range(1, len(kinds)) if kinds[i] != kinds[i - 1]),
    )


def corruption_frame(table: Table) -> pd.DataFrame:
    """Return the raw numbers of `corruption_grid`, for a CSV file: shares 0..1."""
    rows = [
        {"corruption": row.name}
        | {f"{column.label} {column.variant} accuracy": mean for column, mean in line.items()}
        for row, line in corruption_means(table).items()
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


def severity_means(table: Table) -> dict[Column, dict[float, float]]:
    """Return column -> severity -> mean accuracy over the 15, and the clean one at severity 0.

    A severity is left out of a column where one of the 15 is missing, or there are two of frost.
    """
    cells: dict[Column, dict[float, list[Any]]] = {column: {} for column in table.columns}
    for place, cell in table.by_place.items():
        if cell.corruption in ("clean", *BENCHMARK_CORRUPTIONS):
            cells[place.column].setdefault(place.severity, []).append(cell)
    return {
        column: {
            severity: fmean(cell.accuracy for cell in found)
            for severity, found in sorted(by_severity.items())
            if sorted(cell.corruption for cell in found) in _COMPLETE
        }
        for column, by_severity in cells.items()
    }


def corruption_means(table: Table) -> Means:
    """Return the rows in their order, with the mean over the 15 where a column has it.

    Columns whose frost is of unlike kinds have their means in rows of their own.
    """
    means = _means(table)
    rows = means | _averages(means, table.columns)
    order = ("clean", "benchmark", "mean", "extra")
    return {row: rows[row] for row in sorted(rows, key=lambda row: order.index(_kind(row)))}


def _kind(row: Row) -> str:
    if row.corruption == MEAN_ROW:
        return "mean"
    if row.corruption in BENCHMARK_CORRUPTIONS:
        return "benchmark"
    return "clean" if row.corruption == "clean" else "extra"


def _averages(means: Means, columns: list[Column]) -> Means:
    """Return the mean over the 15, in a row for each of its names; none where no column has it."""
    averages: Means = {}
    for frost in [row for row in means if row.corruption == "frost"]:
        kind = " (procedural frost)" if frost.name == "frost (procedural)" else ""
        for column in columns:
            mean = _benchmark_mean(means, column)
            if mean is not None and means[frost][column] is not None:
                row = Row(f"{MEAN_ROW}{kind}", MEAN_ROW)
                averages.setdefault(row, dict.fromkeys(columns))[column] = mean
    return averages


def _severities_of(table: Table) -> list[float]:
    """Return the severities that the means are over: all that the table has."""
    corrupted = table.cells[table.cells["corruption"] != "clean"]
    return sorted(float(severity) for severity in corrupted["severity"].unique())


def _means(table: Table) -> Means:
    """Return each row's mean accuracy over the severities, None where one is missing."""
    cells = table.by_place
    rows = {Row(place.row, cell.corruption) for place, cell in cells.items()}
    means: Means = {}
    all_severities = _severities_of(table)
    for row in sorted(rows, key=_rank):
        severities = [0.0] if row.corruption == "clean" else all_severities
        means[row] = {}
        for column in table.columns:
            found = [cells.get(Place(column, row.name, severity)) for severity in severities]
            known = [cell.accuracy for cell in found if cell is not None]
            means[row][column] = fmean(known) if len(known) == len(severities) else None
    return means


def _rank(row: Row) -> tuple[int, str]:
    order = ("clean", *BENCHMARK_CORRUPTIONS, *EXTRA_CORRUPTIONS)
    return (order.index(row.corruption) if row.corruption in order else len(order), row.name)


def _benchmark_mean(means: Means, column: Column) -> float | None:
    values = [_one(means, name, column) for name in BENCHMARK_CORRUPTIONS]
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None


def _one(means: Means, corruption: str, column: Column) -> float | None:
    """Return a column's mean under a corruption; None where it has none, or two kinds of frost."""
    values = [line[column] for row, line in means.items() if row.corruption == corruption]
    known = [value for value in values if value is not None]
    return known[0] if len(known) == 1 else None
