"""Which rows make up a table: one for each noise, convention and range, or severity table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

from robustbench_ln.runs.families import Family, family_of

__all__ = ["Column", "Place", "Table", "make_tables", "row_name"]


class Column(NamedTuple):
    """A run's label and one of its modes."""

    label: str
    variant: str


@dataclass(frozen=True, eq=False)
class Table:
    """Cells that may be compared, with the clean cells of the same columns.

    Attributes:
        name: For file names: "agn_paper_clip".
        title: For people: "agn, paper convention, range clip".
        is_noise: Whether its rows are sigmas; else they are corruptions.
        cells: Rows of `read_frame`.
    """

    name: str
    title: str
    is_noise: bool
    cells: pd.DataFrame

    @cached_property
    def columns(self) -> list[Column]:
        """Label and variant of each column, in their order."""
        pairs = self.cells[["label", "variant"]].drop_duplicates()
        return [Column(*pair) for pair in pairs.itertuples(index=False)]

    @cached_property
    def names(self) -> dict[Column, str]:
        """What to call each column; the label is left out where there is only one."""
        has_one_label = self.cells["label"].nunique() == 1
        return {c: c.variant if has_one_label else f"{c.label} {c.variant}" for c in self.columns}

    @property
    def groups(self) -> tuple[str, ...]:
        """The label over each column; () where there is only one."""
        labels = tuple(column.label for column in self.columns)
        return labels if len(set(labels)) > 1 else ()

    @property
    def limits(self) -> list[int]:
        """The numbers of images that --limit left, smallest first; [] where it was not given."""
        limited = self.cells.loc[self.cells["limit"].notna(), "total"]
        return sorted(int(total) for total in limited.unique())

    @property
    def has_curve(self) -> bool:
        """Whether there is something to draw accuracy against."""
        return self.is_noise and bool((self.cells["severity"] > 0).any())

    def column_cells(self, column: Column) -> pd.DataFrame:
        """Return the rows of one column."""
        is_run = self.cells["label"] == column.label
        return self.cells[is_run & (self.cells["variant"] == column.variant)]

    @cached_property
    def by_place(self) -> Mapping[Place, Any]:
        """The row of each cell."""
        return {
            Place(Column(label, variant), row_name(row), severity): row
            for row, label, variant, severity in zip(
                self.cells.itertuples(),
                self.cells["label"],
                self.cells["variant"],
                self.cells["severity"].astype(float),
                strict=True,
            )
        }


class Place(NamedTuple):
    """Where a cell stands: in which column, under which corruption and severity."""

    column: Column
    row: str
    severity: float


def row_name(cell: Any) -> str:
    """Return what a corruption is called: frost says where its pictures come from."""
    return f"{cell.corruption} ({cell.frost})" if cell.frost else str(cell.corruption)


def make_tables(frame: pd.DataFrame) -> list[Table]:
    """Return the tables of a frame, by name. Rows that differ in convention or range never meet.

    A column is in a table if something besides its clean cell belongs there. Runs with nothing
    but clean cells make one table, "clean".
    """
    is_clean = frame["corruption"] == "clean"
    if is_clean.all():
        return [Table("clean", "clean images", True, frame)]
    places: dict[Family, list[Any]] = {}
    for row in frame[~is_clean].itertuples():
        places.setdefault(family_of(row), []).append(row.Index)
    tables = [_make_table(family, frame, rows) for family, rows in places.items()]
    return sorted(tables, key=lambda table: (not table.is_noise, table.name))


def _make_table(family: Family, frame: pd.DataFrame, rows: list[Any]) -> Table:
    cells = frame.loc[rows]
    pairs = set(zip(cells["label"], cells["variant"], strict=True))
    columns = pd.MultiIndex.from_frame(frame[["label", "variant"]])
    is_column = columns.isin(list(pairs))
    is_here = frame.index.isin(rows) | (is_column & (frame["corruption"] == "clean"))
    return Table(family.name, family.title, family.is_noise, frame[is_here])
