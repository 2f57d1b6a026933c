"""What one pass over the images leaves behind: enough to reduce, re-score and compare.

Rows are in the order of evaluation; sets are consecutive rows.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import RecordError
from robustbench_ln.files.array_errors import ARRAY_ERRORS
from robustbench_ln.modes import MODES
from robustbench_ln.runs.records import Record

__all__ = [
    "Predictions",
    "encode_predictions",
    "join_predictions",
    "prediction_name",
    "read_predictions",
    "take_groups",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """Predictions of G groups for N images.

    Attributes:
        image_index: [N] position in the data set.
        labels: [N] class.
        class_index: [G, N] class with the largest logit; the lowest class where logits are equal.
        top1_probability: [G, N] float32, softmax of that class.
        label_log_probability: [G, N] float32, log softmax of the label.
        class_logit_sum: [G, N] float32, the logit of class_index[g, n] summed over all groups.
        class_mean_probability: [G, N] float32, its softmax averaged over all groups.
    """

    image_index: NDArray[np.int64]
    labels: NDArray[np.int64]
    class_index: NDArray[np.int32]
    top1_probability: NDArray[np.float32]
    label_log_probability: NDArray[np.float32]
    class_logit_sum: NDArray[np.float32]
    class_mean_probability: NDArray[np.float32]

    @property
    def num_groups(self) -> int:
        """G."""
        return len(self.class_index)

    def __len__(self) -> int:
        """Return N."""
        return len(self.labels)


def join_predictions(parts: list[Predictions]) -> Predictions:
    """Return consecutive parts as one; the images are the last axis of every array."""
    return Predictions(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts], axis=-1)
            for field in fields(Predictions)
        }
    )


def take_groups(predictions: Predictions, num_groups: int) -> Predictions:
    """Return the predictions of the first groups alone.

    `class_logit_sum` and `class_mean_probability` stay those of all groups: logits are not kept.
    """
    of_groups = {
        field.name: getattr(predictions, field.name)[:num_groups]
        for field in fields(Predictions)
        if field.name not in ("image_index", "labels")
    }
    return Predictions(image_index=predictions.image_index, labels=predictions.labels, **of_groups)


def encode_predictions(predictions: Predictions) -> bytes:
    """Return the content of their file."""
    arrays = asdict(predictions)
    smallest = np.min_scalar_type(int(predictions.class_index.max()))
    arrays["class_index"] = predictions.class_index.astype(smallest)
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def prediction_name(record: Record, first_seed: int) -> str:
    """Return the name of the file that a row's predictions are in, below predictions/.

    Modes that share a pass share a file.

    Args:
        record: The row, of which condition, mode and seed are used.
        first_seed: Of the run; its repeats have seeds of their own.
    """
    mode = MODES[record.mode]
    size = record.set_size if mode.layout in ("batch", "set") else None
    prior = None if record.prior is None else f"prior{record.prior}"
    digest = record.corrupted_sha256
    parts: Sequence[object] = (
        record.corruption,
        f"{record.severity:g}",
        record.severity_table,
        record.convention,
        record.range,
        record.frost,
        None if digest is None else digest[:8],
        f"{mode.layout}{size or ''}",
        prior,
        None if record.arithmetic == "float32" else record.arithmetic,
        None if record.outputs == "logits" else record.outputs,
        None if record.seed == first_seed else f"seed{record.seed}",
    )
    return "-".join(str(part) for part in parts if part is not None) + ".npz"


def read_predictions(path: Path) -> Predictions:
    """Return the predictions of one file.

    Raises:
        RecordError: No such file, or a damaged one.
    """
    names = [field.name for field in fields(Predictions)]
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in names}
    except FileNotFoundError as error:
        raise RecordError(
            f"{path}: no such file; measure the run again, its predictions were not kept"
        ) from error
    except ARRAY_ERRORS as error:
        raise RecordError(
            f"{path}: not a file of predictions, or damaged ({error}); delete its rows' run "
            "directory and measure again"
        ) from error
    num_images = len(found["labels"])
    if any(array.shape[-1:] != (num_images,) for array in found.values()):
        raise RecordError(f"{path}: its arrays have different lengths; measure the run again")
    found["class_index"] = found["class_index"].astype(np.int32)
    return Predictions(**found)
