"""What was right image by image: stored predictions, held against the rows of the same run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.class_order import is_class_ordered
from robustbench_ln.progress import Progress, Silent
from robustbench_ln.runs.predictions import Predictions
from robustbench_ln.runs.results import Cell, ModeResults
from robustbench_ln.spec import Condition

__all__ = ["CheckedPredictions", "check_same_images", "read_checked", "read_outcomes"]


class CheckedPredictions(NamedTuple):
    """Predictions that come to their row's numbers.

    Attributes:
        mode: The mode.
        condition: The cell.
        predictions: Predictions of all groups.
        correct: [N], what the mode got right.
    """

    mode: ModeResults
    condition: Condition
    predictions: Predictions
    correct: NDArray[np.bool_]


def read_checked(
    modes: Iterable[ModeResults], progress: Progress | None = None
) -> Iterator[CheckedPredictions]:
    """Yield the predictions of all cells of some modes, file by file.

    Modes that shared a pass share a file; it is read once.

    Raises:
        RecordError: Predictions are missing or damaged, do not come to the numbers of their row, or
            have other images or labels than the others of their run.
    """
    progress = progress or Silent()
    files: dict[Path, list[tuple[ModeResults, Condition]]] = {}
    for mode in modes:
        for condition in mode.cells:
            files.setdefault(mode.path_of(condition), []).append((mode, condition))
    first: dict[Path, tuple[Path, Predictions]] = {}
    for done, (path, members) in enumerate(files.items()):
        run = members[0][0].run
        progress.describe(f"{run.label}: predictions, {done} of {len(files)} files")
        predictions = members[0][0].read_predictions(members[0][1])
        for mode, condition in members:
            correct = mode.reduce(predictions, condition).correct
            yield CheckedPredictions(mode, condition, predictions, correct)
        _demand_same_images(*first.setdefault(run.path, (path, predictions)), path, predictions)


def _demand_same_images(
    first_path: Path, first: Predictions, path: Path, predictions: Predictions
) -> None:
    if len(first) != len(predictions):
        return  # rows of other numbers of images are refused as such
    for name in ("image_index", "labels"):
        if not np.array_equal(getattr(first, name), getattr(predictions, name)):
            raise RecordError(
                f"{path}: has another '{name}' than {first_path.name} of the same run; "
                "measure it again in a new run directory"
            )


def read_outcomes(
    modes: Sequence[ModeResults], progress: Progress | None = None
) -> list[ModeResults]:
    """Return the same modes, whose cells know what was right image by image.

    A mode whose run kept no predictions is returned as it is. Modes that shared a pass share a
    file; it is read once.

    Raises:
        RecordError: See `read_checked`.
    """
    found: dict[ModeResults, dict[Condition, Cell]] = {}
    ordered: dict[ModeResults, bool] = {}
    for read in read_checked([mode for mode in modes if mode.has_predictions], progress):
        # What is kept is what was right: predictions of all groups would fill the memory.
        mode, condition, predictions, correct = read
        found.setdefault(mode, {})[condition] = replace(mode.cells[condition], correct=correct)
        if mode not in ordered:
            ordered[mode] = is_class_ordered(predictions.labels, mode.set_size)
    return [
        replace(mode, cells=_in_order(mode, found[mode]), is_class_ordered=ordered[mode])
        if mode in found
        else mode
        for mode in modes
    ]


def _in_order(mode: ModeResults, found: Mapping[Condition, Cell]) -> dict[Condition, Cell]:
    """Return the cells of a mode in its order.

    Raises:
        RecordError: They are of different numbers of images.
    """
    totals = sorted({cell.record.total for cell in found.values()})
    if len(totals) > 1:
        raise RecordError(
            f"{mode.run.path / 'cells.jsonl'}, 'total': cells of {mode.variant} are of {totals[0]} "
            f"and of {totals[-1]} images; give each set of images a run directory of its own"
        )
    return {condition: found[condition] for condition in mode.cells}


def check_same_images(first: ModeResults, second: ModeResults) -> None:
    """Demand that two modes saw the same images in the same order, with the same draws.

    Raises:
        RecordError: They did not.
    """
    for field in ("data_sha256", "order", "limit", "seed"):
        values = getattr(first.any_record, field), getattr(second.any_record, field)
        if values[0] != values[1]:
            short = [str(value)[:12] for value in values]
            raise RecordError(
                f"{first.name} and {second.name} differ in {field} ({short[0]} and {short[1]}): "
                "a paired comparison needs the same images, order and draws"
            )
    if not (first.has_predictions and second.has_predictions):
        return
    one, other = (mode.read_predictions(next(iter(mode.cells))) for mode in (first, second))
    if not np.array_equal(one.image_index, other.image_index):
        raise RecordError(
            f"{first.run.path} and {second.run.path} have their images in different orders; "
            "measure both with the same version"
        )
