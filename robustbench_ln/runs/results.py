"""The model of results: runs, the modes that each measured, and their cells, one a condition.

Tables, figures, summaries, comparisons, scores and the frame for Python are views of it. Rows are
read once, at the start; predictions by `outcomes.py`, where a view needs what was right.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.metrics.comparison import Side
from robustbench_ln.metrics.intervals import Interval, wilson_interval
from robustbench_ln.metrics.units import Units, find_units
from robustbench_ln.modes import MODES
from robustbench_ln.runs.cells import ModeOptions
from robustbench_ln.runs.predictions import Predictions, prediction_name, read_predictions
from robustbench_ln.runs.reading import Run, read_runs
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.reduction import Reduced, reduce_predictions
from robustbench_ln.runs.variants import Naming, mode_title, name_variants
from robustbench_ln.spec import Condition, check_tie_rule

__all__ = [
    "Cell", "Expectation", "ModeResults", "find_modes", "modes_of", "read_results", "runs_of",
    "split_run",
]  # fmt: skip


class Expectation(NamedTuple):
    """Exact mean and standard deviation of an accuracy 0..1."""

    accuracy: float
    sd: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cell:
    """One mode of a run under one condition.

    Attributes:
        record: The row of the run's first seed.
        by_seed: Seed -> row: the first seed and its repeats.
        correct: [N], whether each image was right in that row, in the order of evaluation; None
            where predictions were not kept, or not read.
    """

    record: Record
    by_seed: Mapping[int, Record]
    correct: NDArray[np.bool_] | None = None

    @property
    def accuracy(self) -> float:
        """Share of the images that were right, 0..1."""
        return self.record.accuracy

    @property
    def interval(self) -> Interval:
        """95 % Wilson interval of the accuracy, which takes images for independent."""
        return wilson_interval(self.record.correct, self.record.total)

    @property
    def expected(self) -> Expectation | None:
        """The accuracy over the random group; None where no group is random."""
        mean, deviation = self.record.expected_correct, self.record.expected_sd
        if mean is None or deviation is None:
            return None
        return Expectation(mean / self.record.total, deviation / self.record.total)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModeResults:
    """One mode of one run, under every condition that it was measured under.

    Attributes:
        run: The run.
        variant: The mode, and what tells it from the same mode with other options in this run.
        title: The same for people.
        cells: Condition -> cell, in the order of measurement. There is at least one.
        is_class_ordered: Whether its statistics sets were found to hold few classes each, so that
            the intervals of its cells do not hold.
    """

    run: Run
    variant: str
    title: str
    cells: Mapping[Condition, Cell]
    is_class_ordered: bool = False

    @property
    def name(self) -> str:
        """Run and mode, for people."""
        return f"{self.run.label} {self.title}"

    @property
    def key(self) -> str:
        """Run and mode, for programs."""
        return f"{self.run.label} {self.variant}"

    @property
    def any_record(self) -> Record:
        """A row, for what all rows of a mode have in common."""
        return next(iter(self.cells.values())).record

    @property
    def set_size(self) -> int:
        """Images that shared statistics; 1 where none did."""
        return max(cell.record.set_size or 1 for cell in self.cells.values())

    @property
    def num_classes(self) -> int:
        """Number of classes that are scored."""
        return self.any_record.num_scored_classes or self.run.num_classes

    @property
    def units(self) -> Units:
        """Units of its images: its statistics sets."""
        return find_units(self.any_record.total, [self.set_size])

    @property
    def has_outcomes(self) -> bool:
        """Whether its cells know what was right image by image."""
        return all(cell.correct is not None for cell in self.cells.values())

    def side(self, conditions: Iterable[Condition]) -> Side:
        """Return what it got right under some conditions, a row each.

        Raises:
            RecordError: Its predictions were not kept.
        """
        correct = [self.cells[condition].correct for condition in conditions]
        known = [row for row in correct if row is not None]
        if len(known) < len(correct):
            raise RecordError(
                f"{self.run.path} has no folder 'predictions': a paired comparison needs what was "
                "right image by image; measure the run again"
            )
        return Side(correct=np.stack(known), set_size=self.set_size)

    @property
    def has_predictions(self) -> bool:
        """Whether the run kept its predictions; raw records alone can be published without."""
        folders = {self.run.folder_of(cell.record.cell) for cell in self.cells.values()}
        return all((folder / "predictions").is_dir() for folder in folders)

    def path_of(self, condition: Condition) -> Path:
        """Return the file of a cell's predictions."""
        key = self.cells[condition].record.cell
        return self.run.folder_of(key) / "predictions" / prediction_name(key, self.run.seed)

    def read_predictions(self, condition: Condition) -> Predictions:
        """Return what all groups predicted in a cell.

        Raises:
            RecordError: The file is missing or damaged.
        """
        return read_predictions(
            self.path_of(condition),
            num_images=self.run.num_images,
            num_classes=self.run.num_classes,
        )

    def reduce(self, predictions: Predictions, condition: Condition) -> Reduced:
        """Return what the mode said of each image, from the predictions of a cell.

        Raises:
            RecordError: They do not come to the numbers of its row.
        """
        record, path = self.cells[condition].record, self.path_of(condition)
        if predictions.num_groups != record.num_groups:
            raise _other_row(path, record, f"{predictions.num_groups} groups", record.num_groups)
        reduced = reduce_predictions(
            MODES[record.mode],
            predictions,
            set_size=record.images_together,
            seed=record.seed,
            tie_rule=check_tie_rule(record.tie_rule or "random"),
        )
        found, total = int(reduced.correct.sum()), len(predictions)
        if (found, total) != (record.correct, record.total):
            row = f"{record.correct} of {record.total}"
            raise _other_row(path, record, f"{found} of {total} correct", row)
        for name in ("ties", "nll", "ece"):  # files may be exchanged and have equal counts
            now, row = getattr(reduced, name), getattr(record, name)
            if row is not None and not math.isclose(now, row, rel_tol=1e-4, abs_tol=1e-6):
                raise _other_row(path, record, f"{name} {now:.6g}", f"{row:.6g}")
        return reduced


def read_results(
    paths: Sequence[Path], labels: Sequence[str] = (), names: Naming = "papers"
) -> list[ModeResults]:
    """Return every mode of some runs, in the order of tables; see `read_runs` and `modes_of`."""
    return [mode for run in read_runs(paths, labels) for mode in modes_of(run, names)]


def modes_of(run: Run, names: Naming = "papers") -> list[ModeResults]:
    """Return the modes of a run: as first measured, one mode with several options side by side.

    Raises:
        RecordError: Two results for the same cell.
    """
    variants = name_variants(run.records)
    found: dict[ModeOptions, dict[Condition, dict[int, Record]]] = {name: {} for name in variants}
    for record in run.records:
        # Two stored sets of one corruption are one cell: no table could tell them apart.
        shown = replace(record.condition, corrupted_sha256=None)
        by_seed = found[record.options].setdefault(shown, {})
        earlier = by_seed.setdefault(record.seed, record)
        if (earlier.correct, earlier.total) != (record.correct, record.total):
            raise RecordError(
                f"{run.path}: {record.name} was measured twice, on other images, "
                f"{earlier.correct} of {earlier.total} and {record.correct} of {record.total} "
                "correct; give each set of images a run directory of its own"
            )
    modes = list(dict.fromkeys(options.mode for options in variants))
    return [
        ModeResults(run=run, variant=name, title=mode_title(name, names), cells=cells)
        for options, name in sorted(variants.items(), key=lambda item: modes.index(item[0].mode))
        if (cells := _cells(found[options].values(), run.seed))
    ]


def runs_of(modes: Iterable[ModeResults]) -> list[Run]:
    """Return the runs that some modes are of."""
    return list({mode.run.path: mode.run for mode in modes}.values())


def _cells(found: Iterable[Mapping[int, Record]], seed: int) -> dict[Condition, Cell]:
    """Return the cells that were measured with the run's first seed."""
    return {
        by_seed[seed].condition: Cell(record=by_seed[seed], by_seed=by_seed)
        for by_seed in found
        if seed in by_seed
    }


def _other_row(path: Path, record: Record, found: str, row: object) -> RecordError:
    return RecordError(
        f"{path}: {found}, its row says {row} ({record.name}, in cells.jsonl); measure it again in "
        "a new run directory"
    )


def split_run(text: str) -> tuple[Path, str | None]:
    """Return run directory and mode of RUN or RUN:MODE; a folder's name may hold colons."""
    path, colon, mode = text.rpartition(":")
    if Path(text).is_dir() or not colon or not path:
        return Path(text), None
    return Path(path), mode


def find_modes(path: Path, mode: str | None, names: Naming = "papers") -> dict[str, ModeResults]:
    """Return the modes of a run by their variant, or the one that was asked for.

    Raises:
        RecordError: No run directory.
        SpecError: The run has no such mode.
    """
    modes = {found.variant: found for found in read_results([path], names=names)}
    if mode is None:
        return modes
    if mode not in modes:
        raise SpecError(f"{path} has no mode '{mode}'; it has {', '.join(modes)}")
    return {mode: modes[mode]}
