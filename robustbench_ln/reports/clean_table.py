"""Clean accuracy of networks and their norms, by data set (table 1 of both papers)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import fmean, stdev

from robustbench_ln.reports.drawings import PaperFigure, Piece, PrintedGrid
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import MISSING, percent
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.columns import Columns
from robustbench_ln.runs.results import ModeResults

__all__ = ["CLEAN_TABLE"]

Row = tuple[str, str]
"""Network or norm as the label names it, and mode."""
Column = tuple[str, str]
"""Network's name, and data set."""


def _make(tables: Sequence[Table], _: float) -> list[Piece]:
    found: dict[Row, dict[Column, list[float]]] = {}
    titles: dict[str, str] = {}
    modes = list(dict.fromkeys(mode for table in tables for mode in table.modes))
    networks = _name_networks(modes)
    for mode in modes:
        clean = [cell for condition, cell in mode.cells.items() if condition.is_clean]
        if clean:
            row = networks[mode.run.label], mode.variant
            titles[mode.variant] = mode.title
            of_data = found.setdefault(row, {}).setdefault(_column(mode), [])
            of_data.append(clean[0].accuracy)
    if not found:
        return []
    columns = list(dict.fromkeys(column for cells in found.values() for column in cells))
    words = (
        "Accuracy on the clean test images in %. Where a network was trained several times: mean ± "
        "standard deviation over the trainings."
    )
    grid = Grid(
        ("network", "mode", *(data for _, data in columns)),
        tuple((network, titles[variant], *(_text(cells.get(column, [])) for column in columns))
              for (network, variant), cells in found.items()),
        groups=("", "", *(arch for arch, _ in columns)),
    )  # fmt: skip
    return [PrintedGrid(words, grid, _numbers(found))]


def _name_networks(modes: Sequence[ModeResults]) -> dict[str, str]:
    """Return label -> network: "LN" of "LN-0" and "LN-1", which are trainings of one network.

    Several labels that end in consecutive numbers are trainings if their networks have the same
    architecture and groups; ResNet-20 and ResNet-32 are not.
    """
    found: dict[tuple[str, str, int], dict[int, str]] = {}
    for mode in modes:
        run = mode.run
        stem, hyphen, number = run.label.rpartition("-")
        if hyphen and stem and re.fullmatch(r"[0-9]{1,6}", number):
            groups = max(record.num_groups for record in run.records)
            found.setdefault((stem, run.arch, groups), {})[int(number)] = run.label
    names = {mode.run.label: mode.run.label for mode in modes}
    for (stem, _, _), labels in found.items():
        if len(labels) > 1 and max(labels) - min(labels) == len(labels) - 1:
            names |= dict.fromkeys(labels.values(), stem)
    return names


def _column(mode: ModeResults) -> Column:
    """Return network and data set; two different sets of one name are told apart."""
    kind, _, path = mode.run.data.partition(":")
    name = re.split(r"[\\/]", path)[-1] if kind in ("arrays", "folder") else kind
    return mode.run.arch, f"{name or kind}, {mode.any_record.total} images"


def _text(accuracies: list[float]) -> str:
    if not accuracies:
        return MISSING
    mean = percent(fmean(accuracies))
    return f"{mean} ± {percent(stdev(accuracies))}" if len(accuracies) > 1 else mean


def _numbers(found: dict[Row, dict[Column, list[float]]]) -> Columns:
    rows = [
        (*row, *column, len(values), fmean(values), stdev(values) if len(values) > 1 else None)
        for row, cells in found.items()
        for column, values in cells.items()
    ]
    names = ["network", "variant", "arch", "data", "trainings", "accuracy", "sd"]
    return Columns.of_tuples(names, rows)


CLEAN_TABLE = PaperFigure(
    name="clean",
    title="Accuracy on the clean images",
    make=_make,
    needs="no run has its clean cells",
)
