"""What a table is: the cells of one family of conditions, a column for each mode, named rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean

import numpy as np

from robustbench_ln.metrics.intervals import Estimate, Interval
from robustbench_ln.metrics.student import mean_bounds
from robustbench_ln.reports.family import Family, Place, Row
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.results import Cell, ModeResults

__all__ = ["Table"]


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

    @cached_property
    def sigma_rows(self) -> list[Row]:
        """The rows, if they are sigmas of one noise; else []."""
        return [row for row in self.rows if row.sigma is not None]

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
