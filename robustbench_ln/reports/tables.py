"""What a table is: the cells of one family of conditions, a column for each mode, named rows.

A family is what the conditions of one table have in common: one noise over its sigmas, or the
corruptions of one set over their severities. Whatever differs between the two is a method of
theirs, so that grids, captions, files, summaries, comparisons and scores are written once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.metrics.corruption_error import CorruptionErrors
from robustbench_ln.metrics.intervals import Estimate, Interval
from robustbench_ln.metrics.student import mean_bounds
from robustbench_ln.metrics.units import Units
from robustbench_ln.reports.blocks import Block
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import general
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.results import Cell, ModeResults
from robustbench_ln.spec import Condition

__all__ = ["Family", "Floats", "Meaning", "Measured", "Place", "Row", "Table"]

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
    text_note: ClassVar[str] = ""
    """Explains the tables for a terminal, once for all of them."""
    shows_pools: ClassVar[bool]
    """Whether short tables show what a comparison pools, in place of every condition."""

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

    @abstractmethod
    def words(self, table: Table) -> str:
        """Return what the numbers are: "accuracy in %, mean over severities 1-5"."""

    def describe(self, table: Table) -> list[str]:  # noqa: ARG002 families may have none
        """Return sentences that say more of the rows."""
        return []

    @abstractmethod
    def text_grid(self, table: Table) -> Grid:
        """Return the table for a terminal."""

    @abstractmethod
    def text_words(self, table: Table) -> str:
        """Return what the numbers of `text_grid` are."""

    def notes_below(self, table: Table) -> list[Block]:  # noqa: ARG002 families may have none
        """Return what a report has below the figures."""
        return []

    @abstractmethod
    def pools(self, members: Sequence[Condition]) -> dict[str, list[Condition]]:
        """Return name -> the conditions that a comparison takes the mean over."""

    def condition_name(self, condition: Condition) -> str:
        """Return what a condition that is not clean is called among its family's."""
        name = self.place_of(condition).corruption or self.heading
        return f"{name} {general(condition.severity)}"

    def curve(self, clean: Condition | None, members: Sequence[Condition]) -> list[Condition]:  # noqa: ARG002
        """Return the points of an accuracy-sigma curve, the clean one first; [] for none."""
        return []

    def relative_to(
        self,
        baseline: CorruptionErrors | ModeResults | None,  # noqa: ARG002 of most, nothing is
    ) -> CorruptionErrors | ModeResults | None:
        """Return the baseline, if one of the family's numbers is relative to it."""
        return None

    @abstractmethod
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
            baseline: What mCE is relative to.
            units: Units of the images, for intervals; None for no intervals.

        Raises:
            RecordError: The baseline makes no error.
        """

    @abstractmethod
    def explain_numbers(
        self, names: Collection[str], members: Collection[Condition], baseline: str | None
    ) -> list[str]:
        """Return sentences that explain numbers; `baseline` is what mCE is relative to."""


@dataclass(frozen=True, eq=False)
class Table:
    """Cells of one family that may be compared, with the clean cells of the same modes.

    Attributes:
        family: Family of the conditions.
        cells: Mode (a column) -> place -> cell.
    """

    family: Family
    cells: Mapping[ModeResults, Mapping[Place, Cell]]
    _estimates: dict[tuple[Row, ModeResults], Estimate | None] = field(
        default_factory=dict, init=False, repr=False
    )
    """Rows that were asked for: grids, files and figures ask for the same ones."""

    @property
    def name(self) -> str:
        """Name, for file names."""
        return self.family.name

    @property
    def title(self) -> str:
        """Title, for people."""
        return self.family.title

    @property
    def heading(self) -> str:
        """Heading, for people: the title, after the label of a network that stands alone."""
        (first, *others) = self.by_run
        return self.family.headline if others else f"{first}: {self.title}"

    @property
    def modes(self) -> tuple[ModeResults, ...]:
        """The columns."""
        return tuple(self.cells)

    @cached_property
    def rows(self) -> list[Row]:
        """The rows, in their order."""
        return self.family.rows(list(self.cells.values()))

    @property
    def has_means(self) -> bool:
        """Whether a row is a mean over several cells."""
        return any(row.is_mean for row in self.rows)

    @cached_property
    def names(self) -> dict[ModeResults, str]:
        """What to call each column; the label is left out where there is only one."""
        return {mode: mode.name if self.groups else mode.title for mode in self.modes}

    @cached_property
    def by_run(self) -> dict[str, list[ModeResults]]:
        """The columns of each run, by its label."""
        runs: dict[str, list[ModeResults]] = {}
        for mode in self.modes:
            runs.setdefault(mode.run.label, []).append(mode)
        return runs

    @property
    def groups(self) -> tuple[str, ...]:
        """The label over each column; () where there is only one."""
        labels = tuple(mode.run.label for mode in self.modes)
        return labels if len(self.by_run) > 1 else ()

    @property
    def records(self) -> list[Record]:
        """The rows of all cells."""
        return [record for mode in self.modes for record in self.records_of(mode)]

    def records_of(self, mode: ModeResults) -> list[Record]:
        """Return the rows of one column's cells."""
        return [cell.record for cell in self.cells[mode].values()]

    def parts_of(self, row: Row, mode: ModeResults) -> list[list[Cell]] | None:
        """Return the cells of a row's parts; None where one was not measured."""
        cells = self.cells[mode]
        if not all(place in cells for part in row.parts for place in part):
            return None
        return [[cells[place] for place in part] for part in row.parts]

    def accuracy(
        self, row: Row, mode: ModeResults, read: Callable[[Cell], float] = lambda c: c.accuracy
    ) -> float | None:
        """Return a row's accuracy, 0..1, or another number of its cells; None if one is missing."""
        parts = self.parts_of(row, mode)
        return None if parts is None else fmean(fmean(map(read, part)) for part in parts)

    def estimate(self, row: Row, mode: ModeResults) -> Estimate | None:
        """Return a row's accuracy and its interval; None where a cell is missing.

        One cell has Wilson's interval. A mean over cells has Student's t on the mode's units; it
        has none where what was right image by image is not known, or where units are too few.
        """
        if (row, mode) not in self._estimates:
            value, interval = self.accuracy(row, mode), self._interval(row, mode)
            self._estimates[row, mode] = None if value is None else Estimate(value, interval)
        return self._estimates[row, mode]

    def _interval(self, row: Row, mode: ModeResults) -> Interval | None:
        parts = self.parts_of(row, mode)
        if parts is None or (row.is_mean and not mode.has_outcomes):
            return None
        if not row.is_mean:
            return parts[0][0].interval
        outcomes = [[c.correct for c in part if c.correct is not None] for part in parts]
        means = [np.mean(part, axis=0) for part in outcomes]  # [N] each
        return mean_bounds(np.mean(means, axis=0), mode.units).pick()
