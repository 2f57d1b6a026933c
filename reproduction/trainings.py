"""Several trainings of each network, one a seed: what they come to together.

A run's label says which: "LN-2" is training 2 of the network LN.
"""

from __future__ import annotations

import re
from statistics import fmean, stdev
from typing import NamedTuple

from robustbench_ln.errors import SpecError
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import MISSING, percent
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import Cell, ModeResults
from robustbench_ln.runs.variants import mode_title

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
    values: Values = {}
    for row in table.rows:
        for mode in table.modes:
            accuracy = table.accuracy(row, mode, _expected_accuracy)
            if accuracy is not None:
                trainings = values.setdefault(row.name, {}).setdefault(_name_column(mode), {})
                trainings[_split_label(mode.run.label)[1]] = accuracy
    return values


def training_grid(table: Table) -> Grid:
    """Return accuracy in %: mean ± sample SD over the trainings; the mean alone for one training.

    Raises:
        SpecError: A label that names no training.
    """
    values = training_values(table)
    columns = list(dict.fromkeys(map(_name_column, table.modes)))
    return Grid(
        (table.family.heading, *(f"{c.network} {mode_title(c.variant)}" for c in columns)),
        tuple(
            (row, *(_mean_sd([*line.get(column, {}).values()]) for column in columns))
            for row, line in values.items()
        ),
    )


def _expected_accuracy(cell: Cell) -> float:
    return cell.accuracy if cell.expected is None else cell.expected.accuracy


def _name_column(mode: ModeResults) -> Trainings:
    return Trainings(_split_label(mode.run.label)[0], mode.variant)


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
