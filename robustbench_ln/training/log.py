"""What a training writes down: log.csv, a row an epoch, and norms.csv, a row a group of a layer."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor, nn

from robustbench_ln.errors import RecordError
from robustbench_ln.files.appended_files import append_whole, read_whole_lines
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.norms.layers import layer_kind
from robustbench_ln.texts.safe import for_csv

__all__ = ["EpochRow", "NormRow", "append_rows", "drop_rows_after", "norm_rows"]


class EpochRow(NamedTuple):
    """One epoch.

    Attributes:
        epoch: Number of the epoch, from 1.
        learning_rate: Learning rate of its first step.
        train_loss: Mean cross-entropy over its images, as they were trained on.
        train_accuracy: Share of them that was right, before each step.
        validation_accuracy: Share of the held-out images that is right after it.
        seconds: Seconds of training and validating.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    validation_accuracy: float
    seconds: float


class NormRow(NamedTuple):
    """Gamma and beta of one group of one norm layer after an epoch: mean and variance over C."""

    epoch: int
    layer: str
    group: int
    gamma_mean: float
    gamma_variance: float
    beta_mean: float
    beta_variance: float


def norm_rows(model: nn.Module, epoch: int) -> Iterator[NormRow]:
    """Yield the rows of every norm layer that has gamma and beta, in the order of the network."""
    for name, layer in model.named_modules():
        gamma, beta = getattr(layer, "weight", None), getattr(layer, "bias", None)
        if layer_kind(layer) is None or gamma is None or beta is None:
            continue
        channels = gamma.shape[-1]
        groups = zip(gamma.reshape(-1, channels), beta.reshape(-1, channels), strict=True)
        for group, (weights, biases) in enumerate(groups):
            yield NormRow(epoch, name, group, *_mean_variance(weights), *_mean_variance(biases))


def _mean_variance(values: Tensor) -> tuple[float, float]:
    wide = values.detach().double()
    return float(wide.mean()), float(wide.var(correction=0))


def append_rows(path: Path, rows: Sequence[EpochRow] | Sequence[NormRow]) -> None:
    """Append rows, all or none, and sync them; a new file gets the names of the columns first.

    Raises:
        RecordError: They cannot be written.
    """
    if not rows:
        return
    has_names = path.is_file() and path.stat().st_size > 0
    append_whole(path, _to_csv(rows if has_names else [rows[0]._fields, *rows]))


def drop_rows_after(path: Path, epoch: int) -> None:
    """Take away the rows of epochs that were being finished when the training was stopped.

    Raises:
        RecordError: The file has other rows, or cannot be written.
    """
    if not path.is_file():
        return
    text = b"".join(read_whole_lines(path)).decode("utf-8", "replace")
    try:
        rows = list(csv.reader(io.StringIO(text)))
        kept = [row for row in rows if row[0] == "epoch" or int(row[0]) <= epoch]
    except (csv.Error, ValueError, IndexError) as error:
        raise RecordError(f"{path} has rows without an epoch; delete it to go on") from error
    write_whole(path, _to_csv(kept))


def _to_csv(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(
        [f"{value:.9g}" if isinstance(value, float) else for_csv(value) for value in row]
        for row in rows
    )
    return text.getvalue().encode()
