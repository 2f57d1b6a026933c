"""What one pass over the images leaves behind: enough to reduce, re-score and compare.

Rows are in the order of evaluation; sets are consecutive rows.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.files.rules import Array
from robustbench_ln.files.schema import rules_of
from robustbench_ln.modes import MODES
from robustbench_ln.runs.archives import read_archive, refuse_archive
from robustbench_ln.runs.cells import CellKey
from robustbench_ln.runs.seen_images import SeenImages

__all__ = [
    "Predictions",
    "encode_predictions",
    "join_predictions",
    "prediction_name",
    "read_predictions",
    "take_groups",
]


_REAL = Array(axes=("G", "N"), dtype="float32")
_PROBABILITY = Array(axes=("G", "N"), dtype="float32", least=0, most=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """Predictions of G groups for N images.

    Attributes:
        image_index: Position of each image in the data set, counted from 0; each position once.
        labels: Class of each image, counted from 0.
        class_index: Class with the largest logit; the lowest class where logits are equal.
        top1_probability: Softmax of `class_index`.
        label_log_probability: Natural logarithm of the softmax of the label.
        class_logit_sum: Logit of `class_index`, summed over all groups.
        class_mean_probability: Softmax of `class_index`, averaged over all groups.
    """

    image_index: Annotated[NDArray[np.int64], Array(axes=("N",), dtype="int64", least=0)]
    labels: Annotated[NDArray[np.int64], Array(axes=("N",), dtype="int64", least=0)]
    class_index: Annotated[NDArray[np.int32], Array(axes=("G", "N"), dtype="int32", least=0)]
    top1_probability: Annotated[NDArray[np.float32], _PROBABILITY]
    label_log_probability: Annotated[NDArray[np.float32], _REAL]
    class_logit_sum: Annotated[NDArray[np.float32], _REAL]
    class_mean_probability: Annotated[NDArray[np.float32], _PROBABILITY]

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


def encode_predictions(predictions: Predictions, seen: SeenImages | None = None) -> bytes:
    """Return the content of their file, with the images that they are of."""
    arrays = asdict(predictions) | (seen.arrays() if seen else {})
    smallest = np.min_scalar_type(int(predictions.class_index.max()))
    arrays["class_index"] = predictions.class_index.astype(smallest)
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def prediction_name(cell: CellKey, first_seed: int) -> str:
    """Return the name of the file that a cell's predictions are in, below predictions/.

    Modes that share a pass share a file.

    Args:
        cell: Key of the cell.
        first_seed: First seed of the run; its repeats have other seeds.
    """
    condition, options = cell.condition, cell.options
    layout = MODES[options.mode].layout
    size = options.set_size if layout in ("batch", "set") else None
    digest = condition.corrupted_sha256
    parts: Sequence[object] = (
        condition.corruption,
        f"{condition.severity:g}",
        condition.severity_table,
        condition.convention,
        condition.range,
        condition.frost,
        None if digest is None else digest[:8],
        condition.parts,
        f"{layout}{size or ''}",
        None if options.prior is None else f"prior{options.prior}",
        None if options.arithmetic == "float32" else options.arithmetic,
        None if options.outputs == "logits" else options.outputs,
        None if options.classes is None else f"classes{options.classes}",
        None if options.sharing == "sets" else options.sharing,
        None if cell.seed == first_seed else f"seed{cell.seed}",
    )
    return "-".join(str(part) for part in parts if part is not None) + ".npz"


def read_predictions(path: Path, *, num_images: int, num_classes: int) -> Predictions:
    """Return the predictions of one file.

    Args:
        path: The file.
        num_images: Number of images in the data set.
        num_classes: Number of classes of the network.

    Raises:
        RecordError: No such file, or one that `evaluate` cannot have written.
    """
    found = read_archive(path, rules_of(Predictions), others=rules_of(SeenImages))
    for name, (rule, _) in rules_of(Predictions).items():
        if not rule.accepts(found[name]):
            raise refuse_archive(path, f"'{name}' is not {rule.words}")
    if len({array.shape[-1] for array in found.values()}) > 1:
        raise refuse_archive(path, "its arrays have different numbers of images")
    if len({array.shape[0] for array in found.values() if array.ndim == 2}) > 1:
        raise refuse_archive(path, "its arrays have different numbers of groups")
    for name, most in (
        ("image_index", num_images),
        ("labels", num_classes),
        ("class_index", num_classes),
    ):
        if found[name].max() >= most:
            raise refuse_archive(
                path, f"'{name}' has {found[name].max()}; expected at most {most - 1}"
            )
    ascending = np.sort(found["image_index"])  # np.unique takes 20 times as long
    if (ascending[1:] == ascending[:-1]).any():
        raise refuse_archive(path, "'image_index' has an image twice")
    return Predictions(**{name: array.astype(_dtype_of(name)) for name, array in found.items()})


def _dtype_of(name: str) -> str:
    rule = rules_of(Predictions)[name].rule
    assert isinstance(rule, Array)
    return rule.dtype
