"""One pass of a network over the images of one condition."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import CheckpointError
from robustbench_ln.evaluation.from_logits import predict
from robustbench_ln.evaluation.sets import SetRunner
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.norms import StatisticsModel
from robustbench_ln.runs.predictions import Predictions, join_predictions

__all__ = ["Measured", "PassRun", "Work", "check_logits", "join_measured"]


class Work(NamedTuple):
    """What is evaluated.

    Attributes:
        subject: The network.
        images: The test images.
        indices: [N] their positions, in the order of evaluation.
    """

    subject: Subject
    images: ImageSet
    indices: NDArray[np.int64]


class Measured(NamedTuple):
    """What one pass over some images gave.

    Attributes:
        predictions: Of each image.
        seconds: Wall time of the forward passes.
        sets: Whole sets that went through the network at once.
        running_layers: Norm layers that kept their running statistics under a dynamic layout.
    """

    predictions: Predictions
    seconds: float
    sets: int
    running_layers: tuple[str, ...]


class PassRun:
    """One pass over consecutive images under one condition: images in, predictions out.

    Args:
        view: The network under the pass's layout, on its device.
        work: What is evaluated, in which order.
        sets: Whole sets that go through the network at once.
        refills: Images behind those of `work` that fill the last set. They feed statistics only.
        advance: Told how many images went through.
    """

    def __init__(
        self,
        view: StatisticsModel,
        work: Work,
        *,
        sets: int,
        refills: int,
        advance: Callable[[int], None],
    ) -> None:
        self.refills = refills
        self._work = work
        self._view = view
        self._device = next((p.device for p in view.parameters()), torch.device("cpu"))
        self._runner = SetRunner(view, sets=sets)
        self._advance = advance
        self._missing = len(work.indices) + refills
        self._num_done = 0
        self._parts: list[Predictions] = []
        self._seconds = 0.0

    def feed(self, images: Tensor) -> None:
        """Take the next images of the stream, normalised; those behind the last set are left out."""
        own = images[: self._missing]
        self._missing -= len(own)
        if len(own):
            self._collect(self._runner.feed(own.to(self._device)))

    def finish(self) -> Measured:
        """Run what is left and return everything."""
        self._collect(self._runner.finish())
        return Measured(
            join_predictions(self._parts),
            self._seconds,
            self._runner.sets,
            self._view.running_layers,
        )

    def _collect(self, blocks: Iterator[Tensor]) -> None:
        started = time.perf_counter()
        for block in blocks:
            indices = self._work.indices[self._num_done : self._num_done + block.shape[1]]
            if not len(indices):  # refills alone
                continue
            logits = block[:, : len(indices)]
            check_logits(logits, self._work, indices, layout_name=self._view.layout.name)
            labels = self._work.images.labels[indices]
            self._parts.append(predict(logits, image_index=indices, labels=labels))
            self._num_done += len(indices)
            self._advance(logits.shape[0] * logits.shape[1])
        self._seconds += time.perf_counter() - started


def join_measured(parts: Sequence[Measured]) -> Measured:
    """Return what a pass gave over consecutive parts of a condition."""
    return Measured(
        join_predictions([part.predictions for part in parts]),
        sum(part.seconds for part in parts),
        min(part.sets for part in parts),
        parts[0].running_layers,
    )


def check_logits(
    logits: Tensor, work: Work, indices: NDArray[np.int64], *, layout_name: str
) -> None:
    """Demand one finite logit for each class.

    Args:
        logits: [G, n, K] of the images `indices`.
        work: Whose they are.
        indices: [n] positions in the data set.
        layout_name: For the message.

    Raises:
        CheckpointError: Another shape, or NaN or infinite logits.
    """
    label, num_classes = work.subject.label, work.subject.num_classes
    if logits.ndim != 3 or logits.shape[-1] != num_classes:
        raise CheckpointError(
            f"{label}: the network returns {list(logits.shape[1:])} for {logits.shape[1]} images; "
            f"expected one logit for each of {num_classes} classes"
        )
    finite = logits.isfinite().all(dim=-1).all(dim=0)
    if not finite.all():
        bad = int(indices[int((~finite).nonzero()[0])])
        raise CheckpointError(
            f"{label}: logits are NaN or infinite for {work.images.image_id(bad)} "
            f"(layout '{layout_name}'); look for exploding weights with ln-bench inspect"
        )
