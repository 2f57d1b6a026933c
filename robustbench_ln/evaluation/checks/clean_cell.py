"""The clean condition of one mode, once it is measured: what the checks after it look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.data.class_list import digest_classes
from robustbench_ln.errors import RecordError
from robustbench_ln.modes import MODES
from robustbench_ln.runs.predictions import prediction_name, read_predictions
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.reduction import reduce_predictions
from robustbench_ln.spec import CLEAN, EvaluationSpec, check_tie_rule

__all__ = ["CleanCell", "read_clean_cells"]

SMALLEST_BATCH = 16
"""Images that share statistics in dbn-batch; fewer cost accuracy by themselves."""

SMALLEST_SET = 4
"""The same in ln-voting and ln-batch."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CleanCell:
    """Predictions of one mode for the clean images.

    Attributes:
        mode: One that has the accuracy of the training, if all is right: never a single-image one.
        num_classes: K.
        num_scored: Classes that are scored, K or fewer.
        labels: [N].
        class_index: [N] predicted class.
        confidence: Mean probability of the predicted classes, 0..1.
    """

    mode: str
    num_classes: int
    num_scored: int
    labels: NDArray[np.int64]
    class_index: NDArray[np.int32]
    confidence: float

    @property
    def correct(self) -> int:
        """Images whose prediction is the label."""
        return int((self.class_index == self.labels).sum())

    @property
    def total(self) -> int:
        """N."""
        return len(self.labels)

    @property
    def accuracy(self) -> float:
        """Share of correct predictions, 0..1."""
        return self.correct / self.total


def read_clean_cells(
    run: Path,
    records: Sequence[Record],
    spec: EvaluationSpec,
    *,
    num_images: int,
    num_classes: int,
) -> list[CleanCell]:
    """Return the clean cells of a run's first seed, of modes that checks may judge.

    A cell is left out where its predictions were deleted, or are not those of its row, which
    whatever reads them refuses.
    """
    cells = []
    for record in records:
        is_clean = record.condition == CLEAN and record.seed == spec.seed
        if not (is_clean and _is_of(record, spec) and _is_judged(record, spec)):
            continue
        try:
            predictions = read_predictions(
                run / "predictions" / prediction_name(record.cell, spec.seed),
                num_images=num_images,
                num_classes=num_classes,
            )
        except RecordError:
            continue
        reduced = reduce_predictions(
            MODES[record.mode],
            predictions,
            set_size=record.images_together,
            seed=record.seed,
            tie_rule=check_tie_rule(record.tie_rule or spec.tie_rule),
        )
        if int(reduced.correct.sum()) != record.correct:
            continue
        cells.append(
            CleanCell(
                mode=record.mode,
                num_classes=num_classes,
                num_scored=record.num_scored_classes or num_classes,
                labels=predictions.labels,
                class_index=reduced.class_index,
                confidence=float(predictions.top1_probability.mean()),
            )
        )
    return cells


def _is_of(record: Record, spec: EvaluationSpec) -> bool:
    return record.outputs == spec.outputs and record.classes == digest_classes(spec.classes)


def _is_judged(record: Record, spec: EvaluationSpec) -> bool:
    size = record.set_size or 0
    return (
        record.mode in ("plain", "bn")
        or (record.mode in ("ln-voting", "ln-batch") and size >= SMALLEST_SET)
        or (record.mode == "dbn-batch" and size >= max(SMALLEST_BATCH, spec.stat_batch))
    )
