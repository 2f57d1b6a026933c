"""What the conditions of one table have in common: one noise, one set of corruptions, one stream.

Whatever differs between them is a field or method of `Family`, so that grids, captions, files,
summaries, comparisons and scores are written once. What a family does not have is the default.
"""
# ruff: noqa: ARG002 defaults take what the methods in their place take

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.metrics.corruption_error import CorruptionErrors
from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.metrics.units import Units
from robustbench_ln.reports.blocks import Block
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import general
from robustbench_ln.runs.records import Record
from robustbench_ln.spec import Condition

if TYPE_CHECKING:
    from robustbench_ln.reports.tables import Table

__all__ = ["Family", "Floats", "Meaning", "Measured", "Place", "Row"]

Floats = NDArray[np.float64]


class Place(NamedTuple):
    """Where a condition stands in its family's tables, whichever run or stored set it is of.

    Attributes:
        corruption: Its name; "" in tables of one noise.
        frost: "photographs", "procedural" or "".
        severity: Sigma, or 1-5, or 0 for clean.
    """

    corruption: str
    frost: str
    severity: float

    @property
    def name(self) -> str:
        """What a corruption is called: frost says where its pictures come from."""
        return f"{self.corruption} ({self.frost})" if self.frost else self.corruption


class Row(NamedTuple):
    """A row of a table: an accuracy, or a mean of accuracies.

    Attributes:
        name: Name, for people.
        parts: The mean is over parts, of each its mean over places.
        section: Rows of one section stand together; a line divides sections in papers.
        group: The published family of corruptions, over its rows in figures; or "".
        sigma: Sigma of a noise; else None.
    """

    name: str
    parts: tuple[tuple[Place, ...], ...]
    section: str = ""
    group: str = ""
    sigma: float | None = None

    @property
    def is_mean(self) -> bool:
        """Whether it is over several cells."""
        return sum(map(len, self.parts)) > 1


class Measured(NamedTuple):
    """What a mode got wrong, for the numbers that it comes down to.

    Attributes:
        errors: Condition -> error, 0..1.
        by_image: Condition -> [N], 1.0 for each image that was wrong; {} where that is not known.
    """

    errors: Mapping[Condition, float]
    by_image: Mapping[Condition, Floats]


class Meaning(NamedTuple):
    """A column that says what a condition did to the images: a record's field, and its format."""

    field: str
    head: str
    factor: float
    decimals: int


@dataclass(frozen=True)
class Family(ABC):
    """What the conditions of one table have in common.

    Attributes:
        name: Name for file names: "agn_paper_clip".
        title: Title for people: "additive Gaussian noise (AGN), paper convention, values clipped".
    """

    name: str
    title: str

    rank: ClassVar[int]
    """Noises come before corruptions."""
    heading: ClassVar[str]
    """Over the names of rows."""
    meanings: ClassVar[tuple[Meaning, ...]] = ()
    narrow_note: ClassVar[str] = ""
    """Explains the narrow grids, once for all of them."""
    has_severities: ClassVar[bool] = False
    """Whether a row is a mean over severities. Short tables then show what a comparison pools, in
    place of every condition, and some of the numbers are relative to a baseline."""
    references: ClassVar[tuple[str, ...]] = ()
    """Keys of the publications that define the conditions."""

    @property
    def headline(self) -> str:
        """The title where it begins a line."""
        return f"{self.title[0].upper()}{self.title[1:]}"

    @property
    def order(self) -> tuple[int, str]:
        """Where the family stands among others, wherever several are shown."""
        return self.rank, self.name

    @abstractmethod
    def place_of(self, condition: Condition) -> Place:
        """Return where a condition stands, which may be the clean one."""

    @abstractmethod
    def rows(self, columns: Collection[Collection[Place]]) -> list[Row]:
        """Return a table's rows in their order, from the places that each column has."""

    def words(self, table: Table) -> str:
        """Return what the numbers are: "accuracy in %, mean over severities 1-5"."""
        return "accuracy in %"

    def describe(self, table: Table) -> list[str]:
        """Return sentences that say more of the rows."""
        return []

    def levels_words(self, records: Sequence[Record]) -> str:
        """Return which conditions some rows are of, as the end of a sentence."""
        return "."

    def narrow_grid(self, table: Table) -> Grid | None:
        """Return the table for a terminal, if it is another than the one of pages."""
        return None

    def notes_below(self, table: Table) -> list[Block]:
        """Return what a report has below the figures."""
        return []

    def pools(self, members: Sequence[Condition]) -> dict[str, list[Condition]]:
        """Return name -> the conditions that a comparison takes the mean over."""
        return {}

    def condition_name(self, condition: Condition) -> str:
        """Return what a condition that is not clean is called among its family's."""
        name = self.place_of(condition).corruption or self.heading
        return f"{name} {general(condition.severity)}"

    def curve(self, clean: Condition | None, members: Sequence[Condition]) -> list[Condition]:
        """Return the points of an accuracy-sigma curve, the clean one first; [] for none."""
        return []

    def numbers(
        self,
        members: Sequence[Condition],
        measured: Measured,
        baseline: CorruptionErrors | Measured | None,
        units: Units | None,
    ) -> dict[str, Estimate]:
        """Return what the family's members come down to, by name; {} if not whole.

        Args:
            members: Conditions of the family.
            measured: Cells of the mode, under all its conditions.
            baseline: What mCE is relative to; None unless `has_severities`.
            units: Units of the images, for intervals; None for no intervals.

        Raises:
            RecordError: The baseline makes no error.
        """
        return {}

    def explain_numbers(
        self, names: Collection[str], members: Collection[Condition], baseline: str | None
    ) -> list[str]:
        """Return sentences that explain numbers; `baseline` is what mCE is relative to."""
        return []
