"""Predictions of a mode under one condition, image by image, for figures that need them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.modes import MODES
from robustbench_ln.reports.drawings import row_cell
from robustbench_ln.reports.family import Row
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.spec import Condition

__all__ = ["Outcome", "read_levels", "read_outcome"]


class Outcome(NamedTuple):
    """What a mode said of each image. All [N], in the order of evaluation.

    Attributes:
        labels: Class of the image.
        classes: Class that was predicted.
        confidence: Probability of that class, 0..1; under voting its mean over the groups.
        agreement: Share of the groups that predicted that class; 1 where nothing is voted on.
    """

    labels: NDArray[np.int64]
    classes: NDArray[np.int32]
    confidence: NDArray[np.float32]
    agreement: NDArray[np.float64]

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the prediction is the label."""
        is_right: NDArray[np.bool_] = self.classes == self.labels
        return is_right


def read_levels(table: Table, mode: ModeResults, rows: Sequence[Row]) -> dict[Row, Outcome]:
    """Return what a mode said in some rows of a table; without those that it has not."""
    found = {}
    for row in rows:
        cell = row_cell(table, row, mode)
        outcome = cell and read_outcome(mode, cell.record.condition)
        if outcome:
            found[row] = outcome
    return found


def read_outcome(mode: ModeResults, condition: Condition) -> Outcome | None:
    """Return what a mode said under a condition; None where predictions were not kept.

    Raises:
        RecordError: They are missing or damaged, or give another count than the row.
    """
    if not mode.has_predictions:
        return None
    predictions = mode.read_predictions(condition)
    reduced = mode.reduce(predictions, condition)
    votes = predictions.class_index == reduced.class_index
    agreement = votes.mean(axis=0)
    if MODES[mode.any_record.mode].reduction != "vote":
        agreement = np.ones(len(predictions))
    return Outcome(predictions.labels, reduced.class_index, reduced.confidence, agreement)
