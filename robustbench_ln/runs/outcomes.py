"""What each mode of a run got right, image by image, from its stored predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.metrics.comparison import Side
from robustbench_ln.modes import MODES
from robustbench_ln.progress import Progress
from robustbench_ln.runs.predictions import Predictions, prediction_name, read_predictions
from robustbench_ln.runs.reading import Run, read_runs
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.reduction import reduce_predictions
from robustbench_ln.runs.variants import name_variants
from robustbench_ln.spec import Condition, check_tie_rule

__all__ = [
    "ModeResults",
    "check_same_images",
    "find_modes",
    "read_modes",
    "read_repeats",
    "read_sides",
    "split_run",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModeResults:
    """One mode of one run, under every condition that it was measured under.

    Attributes:
        run: The run.
        variant: The mode, as tables call it.
        records: Condition -> its row; of the run's first seed.
    """

    run: Run
    variant: str
    records: Mapping[Condition, Record]

    @property
    def name(self) -> str:
        """Run and mode."""
        return f"{self.run.label} {self.variant}"

    @property
    def set_size(self) -> int:
        """Images that shared statistics; 1 where none did."""
        return max(record.set_size or 1 for record in self.records.values())

    @property
    def has_predictions(self) -> bool:
        """Whether the run kept its predictions; raw records alone can be published without."""
        return (self.run.path / "predictions").is_dir()

    def read_side(self, conditions: Sequence[Condition]) -> Side:
        """Return what was right under some conditions, which must be `records`' own.

        Raises:
            RecordError: Predictions are missing or damaged, or give another count than the row.
        """
        correct = [
            self.reduce(self.read_predictions(record), record)
            for record in map(self.records.__getitem__, conditions)
        ]
        return Side(correct=np.stack(correct), set_size=self.set_size)

    def read_order(self) -> NDArray[np.int64]:
        """Return [N]: the images' positions in the data set, in the order of evaluation."""
        return self.read_predictions(next(iter(self.records.values()))).image_index

    def read_predictions(self, record: Record) -> Predictions:
        """Return the predictions that a row was reduced from."""
        return _read(self.run, self.path_of(record))

    def path_of(self, record: Record) -> Path:
        """Return the file of a row's predictions."""
        return self.run.path / "predictions" / prediction_name(record.cell, self.run.seed)

    def reduce(self, predictions: Predictions, record: Record) -> NDArray[np.bool_]:
        """Return [N]: what was right, from the predictions of a row.

        Raises:
            RecordError: The number of groups or of right images is not the row's.
        """
        if predictions.num_groups != record.num_groups:
            raise RecordError(
                f"{self.path_of(record)}: {predictions.num_groups} groups, its row says "
                f"{record.num_groups}; measure it again in a new run directory"
            )
        reduced = reduce_predictions(
            MODES[record.mode],
            predictions,
            set_size=record.set_size or 1,
            seed=record.seed,
            tie_rule=check_tie_rule(record.tie_rule or "random"),
        )
        if (int(reduced.correct.sum()), len(reduced.correct)) != (record.correct, record.total):
            raise RecordError(
                f"{self.path_of(record)}: {int(reduced.correct.sum())} of {len(reduced.correct)} "
                f"correct, its row says {record.correct} of {record.total}; measure it again in a "
                "new run directory"
            )
        return reduced.correct


def read_modes(run: Run) -> dict[str, ModeResults]:
    """Return every mode of a run by the name that tables have for it; of its first seed."""
    return _of_seed(run, run.seed)


def read_sides(run: Sequence[ModeResults], progress: Progress) -> list[Side]:
    """Return what modes of one run got right under all their conditions, in the order of `records`.

    Modes that shared a pass share a file; it is read once.

    Raises:
        RecordError: See `ModeResults.read_side`.
    """
    rows = [(series, record) for series in run for record in series.records.values()]
    files: dict[Path, list[int]] = {}
    for position, (series, record) in enumerate(rows):
        files.setdefault(series.path_of(record), []).append(position)
    correct: dict[int, NDArray[np.bool_]] = {}
    for done, (path, positions) in enumerate(files.items()):
        progress.describe(f"{run[0].run.label}: predictions, {done} of {len(files)} files")
        predictions = _read(run[0].run, path)
        for position in positions:
            series, record = rows[position]
            correct[position] = series.reduce(predictions, record)
    in_order = iter(correct[position] for position in range(len(rows)))
    return [
        Side(correct=np.stack([next(in_order) for _ in series.records]), set_size=series.set_size)
        for series in run
    ]


def _read(run: Run, path: Path) -> Predictions:
    return read_predictions(path, num_images=run.num_images, num_classes=run.num_classes)


def read_repeats(run: Run, variant: str) -> list[ModeResults]:
    """Return a mode as it was measured with the other seeds."""
    seeds = sorted({record.seed for record in run.records} - {run.seed})
    repeats = [_of_seed(run, seed).get(variant) for seed in seeds]
    return [one for one in repeats if one is not None]


def _of_seed(run: Run, seed: int) -> dict[str, ModeResults]:
    names = name_variants(run.records)
    found: dict[str, dict[Condition, Record]] = {name: {} for name in names.values()}
    for record in run.records:
        if record.seed == seed:
            found[names[record.options]][record.condition] = record
    return {
        name: ModeResults(run=run, variant=name, records=records)
        for name, records in found.items()
        if records
    }


def check_same_images(first: ModeResults, second: ModeResults) -> None:
    """Demand that two modes saw the same images in the same order, with the same draws.

    Raises:
        RecordError: They did not.
    """
    one, other = (next(iter(series.records.values())) for series in (first, second))
    for field in ("data_sha256", "order", "limit", "seed"):
        values = getattr(one, field), getattr(other, field)
        if values[0] != values[1]:
            short = [str(value)[:12] for value in values]
            raise RecordError(
                f"{first.name} and {second.name} have another {field} ({short[0]}, {short[1]}): "
                "a paired comparison needs the same images, order and draws"
            )
    if not (first.has_predictions and second.has_predictions):
        return
    if not np.array_equal(first.read_order(), second.read_order()):
        raise RecordError(
            f"{first.run.path} and {second.run.path} have their images in different orders; "
            "measure both with the same version"
        )


def split_run(text: str) -> tuple[Path, str | None]:
    """Return run directory and mode of RUN or RUN:MODE; a folder's name may hold colons."""
    path, colon, mode = text.rpartition(":")
    if Path(text).is_dir() or not colon or not path:
        return Path(text), None
    return Path(path), mode


def find_modes(path: Path, mode: str | None) -> dict[str, ModeResults]:
    """Return the modes of a run, or the one that was asked for.

    Raises:
        RecordError: No run directory.
        SpecError: The run has no such mode.
    """
    series = read_modes(read_runs([path])[0])
    if mode is None:
        return series
    if mode not in series:
        raise SpecError(f"{path} has no mode '{mode}'; it has {', '.join(series)}")
    return {mode: series[mode]}
