"""Streams in which each image has one of several conditions: a row, and nothing to average."""
# ruff: noqa: D102, ARG002 methods are explained, and take what they take, in `Family`

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from robustbench_ln.metrics.corruption_error import CorruptionErrors
from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.metrics.units import Units
from robustbench_ln.reports.captions import interval_words
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.table_grids import accuracy_grid
from robustbench_ln.reports.tables import Family, Measured, Place, Row, Table
from robustbench_ln.spec import Condition

__all__ = ["StreamFamily"]

_HOW = {"mixed": "mixed", "growing": "in the order of their severity"}


@dataclass(frozen=True)
class StreamFamily(Family):
    """A stream of the same conditions, in the same order. Streams of others have other tables."""

    rank: ClassVar[int] = 2
    heading: ClassVar[str] = "stream"
    shows_pools: ClassVar[bool] = False

    @classmethod
    def of(cls, condition: Condition) -> StreamFamily:
        """Return the family of a condition that stands for several."""
        order, (number, _, digest) = condition.corruption, (condition.parts or "").partition("-")
        return cls(f"{order}_{digest}", f"{number} conditions in one stream, {_HOW[order]}")

    def place_of(self, condition: Condition) -> Place:
        return Place(condition.corruption, "", condition.severity)

    def rows(self, columns: Collection[Collection[Place]]) -> list[Row]:
        places = sorted({place for column in columns for place in column})
        return [Row(place.corruption, ((place,),)) for place in places]

    def words(self, table: Table) -> str:
        return "accuracy in %"

    def describe(self, table: Table) -> list[str]:
        return ["Each image was measured once, under one of the conditions that the command names."]

    def text_words(self, table: Table) -> str:
        return f"{self.words(table)} [{interval_words(table)}]"

    def text_grid(self, table: Table) -> Grid:
        return accuracy_grid(table)

    def pools(self, members: Sequence[Condition]) -> dict[str, list[Condition]]:
        return {}

    def condition_name(self, condition: Condition) -> str:
        return condition.corruption

    def numbers(
        self,
        members: Sequence[Condition],
        measured: Measured,
        baseline: CorruptionErrors | Measured | None,
        units: Units | None,
    ) -> dict[str, Estimate]:
        return {}

    def explain_numbers(
        self, names: Collection[str], members: Collection[Condition], baseline: str | None
    ) -> list[str]:
        return []
