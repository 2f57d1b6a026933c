"""Several trainings of each network, one a seed: what they come to together.

A run's label says which: "LN-2" is training 2 of the network LN.
"""

from __future__ import annotations

import re
from dataclasses import replace
from statistics import fmean, stdev
from typing import NamedTuple

from robustbench_ln.errors import SpecError
from robustbench_ln.reports.corruption_table import corruption_means
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import MISSING, general, percent
from robustbench_ln.reports.tables import Column, Table

__all__ = ["Trainings", "training_grid", "training_values"]


class Trainings(NamedTuple):
    """A network, however often it was trained, and one of its modes."""

    network: str
    variant: str


Values = dict[str, dict[Trainings, dict[int, float]]]
"""Row (a sigma or a corruption) -> network and mode -> training -> accuracy 0..1."""


def training_values(table: Table) -> Values:
    """Return what each training came to, of a corruption its mean over the severities.

    Of a mode that picks a group at random it is the exact expectation over the groups: the pick
    says nothing of the training, and blurs its difference from another mode's.

    Raises:
        SpecError: A label that names no training.
    """
    table = _with_expectations(table)
    rows = _noise_rows(table) if table.is_noise else _corruption_rows(table)
    values: Values = {}
    for name, line in rows.items():
        for column, accuracy in line.items():
            network, training = _split_label(column.label)
            place = values.setdefault(name, {}).setdefault(Trainings(network, column.variant), {})
            place[training] = accuracy
    return values


def training_grid(table: Table) -> Grid:
    """Return accuracy in %: mean ± sample SD over the trainings; the mean alone for one training.

    Raises:
        SpecError: A label that names no training.
    """
    values = training_values(table)
    columns = list(dict.fromkeys(_name_column(column) for column in table.columns))
    return Grid(
        (
            "sigma" if table.is_noise else "corruption",
            *(f"{c.network} {c.variant}" for c in columns),
        ),
        tuple(
            (row, *(_mean_sd([*line.get(column, {}).values()]) for column in columns))
            for row, line in values.items()
        ),
    )


def _with_expectations(table: Table) -> Table:
    expected = table.cells["expected_accuracy"].fillna(table.cells["accuracy"])
    return replace(table, cells=table.cells.assign(accuracy=expected))


def _noise_rows(table: Table) -> dict[str, dict[Column, float]]:
    rows: dict[str, dict[Column, float]] = {}
    for place, cell in sorted(table.by_place.items(), key=lambda item: item[0].severity):
        rows.setdefault(general(place.severity), {})[place.column] = cell.accuracy
    return rows


def _corruption_rows(table: Table) -> dict[str, dict[Column, float]]:
    return {
        row.name: {column: mean for column, mean in line.items() if mean is not None}
        for row, line in corruption_means(table).items()
    }


def _name_column(column: Column) -> Trainings:
    return Trainings(_split_label(column.label)[0], column.variant)


def _split_label(label: str) -> tuple[str, int]:
    found = re.fullmatch(r"(.+)-(\d+)", label)
    if found is None:
        raise SpecError(f"label '{label}' names no training; expected NETWORK-NUMBER, as in LN-2")
    return found[1], int(found[2])


def _mean_sd(accuracies: list[float]) -> str:
    if not accuracies:
        return MISSING
    mean = percent(fmean(accuracies))
    return f"{mean} ± {percent(stdev(accuracies))}" if len(accuracies) > 1 else mean
