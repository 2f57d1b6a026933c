"""Streams in which each image has one of several conditions: a row, and nothing to average."""
# ruff: noqa: D102, ARG002 methods are explained, and take what they take, in `Family`

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from robustbench_ln.reports.family import Family, Place, Row
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.records import Record
from robustbench_ln.spec import Condition

__all__ = ["StreamFamily"]

_HOW = {"mixed": "mixed", "growing": "in the order of their severity"}


@dataclass(frozen=True)
class StreamFamily(Family):
    """A stream of the same conditions, in the same order. Streams of others have other tables."""

    rank: ClassVar[int] = 2
    heading: ClassVar[str] = "stream"

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

    def levels_words(self, records: Sequence[Record]) -> str:
        return "; the command names them."

    def describe(self, table: Table) -> list[str]:
        return ["Each image was measured once, under one of the conditions that the command names."]

    def condition_name(self, condition: Condition) -> str:
        return condition.corruption
