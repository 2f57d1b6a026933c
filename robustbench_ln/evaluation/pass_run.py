"""Passes of a network over the images of one condition: what evaluates, and what predicts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.noise_sums import NoiseMeaning, NoiseSums, describe_noise
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import CheckpointError
from robustbench_ln.evaluation.checks import as_logits
from robustbench_ln.evaluation.image_tally import ImageTally
from robustbench_ln.evaluation.inputs import network_chunks
from robustbench_ln.evaluation.plan import Pass
from robustbench_ln.evaluation.sets import SetRunner
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.norms import StatisticsModel, with_statistics
from robustbench_ln.runs.seen_images import SeenImages
from robustbench_ln.spec import Condition, EvaluationSpec

__all__ = ["Measured", "Views", "Work", "make_views", "run_passes"]

Kept = TypeVar("Kept")
Indices = NDArray[np.int64]
Views = Mapping[Pass, StatisticsModel]
"""Pass -> the network under its layout, on its device."""


class Work(NamedTuple):
    """What is evaluated.

    Attributes:
        subject: The network.
        images: The test images.
        indices: [N] their positions, in the order of evaluation.
    """

    subject: Subject
    images: ImageSet
    indices: Indices


class Measured(NamedTuple, Generic[Kept]):
    """What one pass under one condition gave.

    Attributes:
        parts: What was kept of each block of images, in their order.
        refills: Images that were shown again to fill the last set.
        seconds: Time that the network took.
        meaning: What a LocalNorm noise did to the images; None where there is none.
        seen: What the images looked like.
    """

    parts: list[Kept]
    refills: int
    seconds: float
    meaning: NoiseMeaning | None
    seen: SeenImages


def make_views(
    subject: Subject, images: ImageSet, passes: Sequence[Pass], spec: EvaluationSpec
) -> Views:
    """Return the network under the layout of each pass, on its device."""
    return {p: _make_view(subject, images, p, spec) for p in passes}


def _make_view(
    subject: Subject, images: ImageSet, one_pass: Pass, spec: EvaluationSpec
) -> StatisticsModel:
    view = with_statistics(
        subject.model,
        one_pass.layout,
        image_shape=images.shape.as_input,
        norm_classes=subject.norm_classes,
    )
    view = view.to(spec.device)
    if spec.outputs == "probabilities":
        view.register_forward_hook(lambda _view, _images, rows: as_logits(rows))
    if spec.is_compiled:
        view.network.compile()
    return view


def run_passes(
    views: Views,
    work: Work,
    condition: Condition,
    *,
    spec: EvaluationSpec,
    keep: Callable[[Tensor, Indices], Kept],
) -> Iterator[tuple[Pass, Measured[Kept]]]:
    """Show the images under a condition to every pass, and yield each pass when it is through.

    Args:
        views: The passes.
        work: Network, images and their order.
        condition: What is done to the images.
        spec: How they are evaluated.
        keep: Function of logits [G, n, K] and the positions [n] of their images that returns what
            to keep of them.

    Raises:
        CheckpointError: The network gives no finite logits.
    """
    runs = {
        p: _PassRun(view, work, keep=keep, device_batch=spec.device_batch)
        for p, view in views.items()
    }
    sums: list[NoiseSums] = []
    tally = ImageTally(num_images=len(work.indices), num_samples=spec.samples)
    normalization = work.subject.normalization
    for chunk in network_chunks(
        work.images, work.indices, condition, spec=spec, normalization=normalization
    ):
        sums += chunk.sums
        tally.add(chunk.degraded)
        for run in runs.values():
            run.feed(chunk.images)
    meaning, seen = describe_noise(sums) if sums else None, tally.finish()
    for p, run in runs.items():
        yield p, run.finish(meaning, seen)


class _PassRun(Generic[Kept]):
    """One pass under one condition; see `run_passes`."""

    def __init__(
        self,
        view: StatisticsModel,
        work: Work,
        *,
        keep: Callable[[Tensor, Indices], Kept],
        device_batch: int,
    ) -> None:
        self._work = work
        self._keep = keep
        self._layout_name = view.layout.name
        self._device = next((p.device for p in view.parameters()), torch.device("cpu"))
        self._runner = SetRunner(view, num_images=len(work.indices), device_batch=device_batch)
        self._num_done = 0
        self._parts: list[Kept] = []
        self._seconds = 0.0

    def feed(self, images: Tensor) -> None:
        """Take the next images of the stream, normalised."""
        self._collect(self._runner.feed(images.to(self._device)))

    def finish(self, meaning: NoiseMeaning | None, seen: SeenImages) -> Measured[Kept]:
        """Run what is left and return everything."""
        self._collect(self._runner.finish())
        return Measured(self._parts, self._runner.refills, self._seconds, meaning, seen)

    def _collect(self, blocks: Iterator[Tensor]) -> None:
        started = time.perf_counter()
        for logits in blocks:
            indices = self._work.indices[self._num_done : self._num_done + logits.shape[1]]
            _check_logits(logits, self._work, indices, layout_name=self._layout_name)
            self._parts.append(self._keep(logits, indices))
            self._num_done += len(indices)
        self._seconds += time.perf_counter() - started


def _check_logits(logits: Tensor, work: Work, indices: Indices, *, layout_name: str) -> None:
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
