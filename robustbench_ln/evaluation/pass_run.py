"""A network under every layout that a run needs, and what each makes of the images."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.noise_sums import NoiseSums
from robustbench_ln.corruptions.stream import Mixture, StreamOptions
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import CheckpointError
from robustbench_ln.evaluation.checks import as_logits
from robustbench_ln.evaluation.device_batch import DeviceBatch
from robustbench_ln.evaluation.image_tally import ImageTally
from robustbench_ln.evaluation.inputs import network_chunks
from robustbench_ln.evaluation.plan import Pass
from robustbench_ln.evaluation.sets import SetRunner
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.norms import StatisticsModel, with_statistics
from robustbench_ln.runs.seen_images import SeenImages
from robustbench_ln.spec import Condition, EvaluationSpec

__all__ = ["Measured", "Passed", "View", "Work", "make_views", "run_passes"]

Kept = TypeVar("Kept")
Indices = NDArray[np.int64]


class Work(NamedTuple):
    """What is evaluated.

    Attributes:
        subject: The network.
        images: The test images.
        indices: [N] their positions, in the order of evaluation.
        order: All positions, where `indices` are a part that begins with a whole set of every
            pass. The first of them fill the last set. None is `indices`.
        samples: Number of degraded images to keep, the first of `indices`.
    """

    subject: Subject
    images: ImageSet
    indices: Indices
    order: Indices | None = None
    samples: int = 0


class View(NamedTuple):
    """A pass, ready to run.

    Attributes:
        model: The network under the pass's layout, on its device.
        sets: Whole sets that go through it at once.
    """

    model: StatisticsModel
    sets: int


class Measured(NamedTuple, Generic[Kept]):
    """What one pass over consecutive images gave.

    Attributes:
        parts: What was kept of each block of images, in their order.
        seconds: Time that the network took.
        sets: Whole sets that went through it at once: fewer where a GPU had no memory for more.
        running_layers: Norm layers that kept their running statistics under a dynamic layout.
    """

    parts: list[Kept]
    seconds: float
    sets: int
    running_layers: tuple[str, ...]


class Passed(NamedTuple, Generic[Kept]):
    """What all passes over consecutive images gave.

    Attributes:
        measured: Pass -> what was measured.
        sums: What a LocalNorm noise did to each image; else empty.
        seen: What the images looked like.
    """

    measured: dict[Pass, Measured[Kept]]
    sums: list[NoiseSums]
    seen: SeenImages


def make_views(
    subject: Subject, images: ImageSet, batches: Mapping[Pass, DeviceBatch], spec: EvaluationSpec
) -> dict[Pass, View]:
    """Return the network under the layout of each pass, on its device."""
    return {
        p: View(_make_model(subject, images, p, spec), batch.sets) for p, batch in batches.items()
    }


def _make_model(
    subject: Subject, images: ImageSet, one_pass: Pass, spec: EvaluationSpec
) -> StatisticsModel:
    model = with_statistics(
        subject.model,
        one_pass.layout,
        image_shape=images.shape.as_input,
        norm_classes=subject.norm_classes,
    )
    model = model.to(spec.device)
    if spec.outputs == "probabilities":
        model.register_forward_hook(lambda _model, _images, rows: as_logits(rows))
    if spec.is_compiled:
        model.network.compile()
    return model


def run_passes(
    views: Mapping[Pass, View],
    work: Work,
    condition: Condition | Mixture,
    *,
    options: StreamOptions,
    keep: Callable[[Tensor, Indices], Kept],
) -> Passed[Kept]:
    """Show the images under a condition to every pass.

    Args:
        views: The passes.
        work: Network, images and their order.
        condition: What is done to the images; or to each, those that fill the last set included.
        options: Seed, pictures of frost, whether the next images are made meanwhile.
        keep: Function of logits [G, n, K] and the positions [n] of their images that returns what
            to keep of them.

    Raises:
        CheckpointError: The network gives no finite logits.
    """
    runs = {p: _PassRun(view, work, keep=keep) for p, view in views.items()}
    order = work.indices if work.order is None else work.order
    most_refills = max(run.refills for run in runs.values())
    sums: list[NoiseSums] = []
    tally = ImageTally(num_images=len(work.indices), num_samples=work.samples)
    for chunk in network_chunks(
        work.images,
        np.concatenate([work.indices, order[:most_refills]]),
        condition,
        options=options,
        normalization=work.subject.normalization,
    ):
        sums += chunk.sums
        tally.add(chunk.degraded)
        for run in runs.values():
            run.feed(chunk.images)
    measured = {p: run.finish() for p, run in runs.items()}
    return Passed(measured, sums[: len(work.indices)], tally.finish())


class _PassRun(Generic[Kept]):
    """One pass under one condition; see `run_passes`.

    Attributes:
        refills: Images behind those of the work that fill its last set: they feed statistics only.
    """

    def __init__(self, view: View, work: Work, *, keep: Callable[[Tensor, Indices], Kept]) -> None:
        self.refills = -len(work.indices) % view.model.layout.images_together
        self._model = view.model
        self._work = work
        self._keep = keep
        self._device = next((p.device for p in view.model.parameters()), torch.device("cpu"))
        self._runner = SetRunner(view.model, sets=view.sets)
        self._num_missing = len(work.indices) + self.refills
        self._num_done = 0
        self._parts: list[Kept] = []
        self._seconds = 0.0

    def feed(self, images: Tensor) -> None:
        """Take the next images of the stream, normalised; those behind the last set are left."""
        own = images[: self._num_missing]
        self._num_missing -= len(own)
        if len(own):
            self._collect(self._runner.feed(own.to(self._device)))

    def finish(self) -> Measured[Kept]:
        """Run what is left and return everything."""
        self._collect(self._runner.finish())
        layers = self._model.running_layers
        return Measured(self._parts, self._seconds, self._runner.sets, layers)

    def _collect(self, blocks: Iterator[Tensor]) -> None:
        started = time.perf_counter()
        for block in blocks:
            indices = self._work.indices[self._num_done : self._num_done + block.shape[1]]
            logits = block[:, : len(indices)]
            _check_logits(logits, self._work, indices, layout_name=self._model.layout.name)
            self._parts.append(self._keep(logits, indices))
            self._num_done += len(indices)
        self._seconds += time.perf_counter() - started


def _check_logits(logits: Tensor, work: Work, indices: Indices, *, layout_name: str) -> None:
    """Demand one finite logit for each class.

    Args:
        logits: [G, n, K] of the images `indices`.
        work: Whose they are.
        indices: [n] positions in the data set.
        layout_name: Name of the layout, for the message.

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
