"""A unit of work: consecutive images under one condition, through every pass that needs them.

Units change no number. They begin at multiples of every pass's device batch, so that the network is
given the same batches as if there were one unit, and they depend on shapes alone: not on workers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.stream import Mixture, StreamOptions
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.evaluation.arithmetic import arithmetic
from robustbench_ln.evaluation.device_batch import DeviceBatch
from robustbench_ln.evaluation.from_logits import predict
from robustbench_ln.evaluation.mixtures import assign_conditions
from robustbench_ln.evaluation.orders import repeat_order
from robustbench_ln.evaluation.pass_run import Measured, Passed, Work, make_views, run_passes
from robustbench_ln.evaluation.plan import Pass
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.runs.predictions import Predictions
from robustbench_ln.runs.seen_images import join_seen
from robustbench_ln.spec import Condition, EvaluationSpec
from robustbench_ln.workers.task import Advance

__all__ = ["EvaluationTask", "Unit", "UnitResult", "join_results", "split_condition"]

_UNIT_VALUES = 2**20
"""Pixel values of a unit, about: 341 CIFAR images, a quarter of a second of ResNet-20."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Images `start` to `stop` (exclusive) of the order of evaluation.

    Attributes:
        seed: Seed of the run, or of one of its repeats.
        condition: What is done to the images.
        passes: The passes that they go through.
        start: The first image.
        stop: Behind the last one.
    """

    seed: int
    condition: Condition
    passes: tuple[Pass, ...]
    start: int
    stop: int

    def __str__(self) -> str:
        """Name the unit, for messages."""
        condition = self.condition
        return f"{condition.corruption} {condition.severity:g}, images {self.start} to {self.stop}"


UnitResult = Passed[Predictions]
"""What a unit gave."""


def join_results(results: Sequence[UnitResult], *, num_samples: int) -> UnitResult:
    """Return what the units of a condition gave as one, in their order.

    Args:
        results: Results in the order of the units.
        num_samples: Degraded images to keep.
    """
    measured = {
        p: Measured(
            [part for result in results for part in result.measured[p].parts],
            sum(result.measured[p].seconds for result in results),
            min(result.measured[p].sets for result in results),
            first.running_layers,
        )
        for p, first in results[0].measured.items()
    }
    return Passed(
        measured,
        [each for result in results for each in result.sums],
        join_seen([result.seen for result in results], num_samples=num_samples),
    )


def split_condition(
    whole: Unit,
    batches: Mapping[Pass, DeviceBatch],
    image_shape: Sequence[int],
    *,
    parts: Sequence[Condition] = (),
) -> list[Unit]:
    """Return the units of a condition.

    Args:
        whole: All its images as one unit, in the passes that are needed now.
        batches: Batches of all passes of the run, so that it does not matter which are needed now.
        image_shape: (H, W, C).
        parts: Conditions of which each image has one, where the order mixes them.
    """
    if any(p.layout.is_sliding for p in batches):
        return [whole]  # statistics reach back over all images
    if any(condition.range == "rescale" for condition in (whole.condition, *parts)):
        return [whole]  # limits of the whole set: it is read before all else
    step = math.lcm(*(batch.sets * p.layout.images_together for p, batch in batches.items()))
    step *= max(1, _UNIT_VALUES // (step * math.prod(image_shape)))
    return [
        Unit(
            seed=whole.seed,
            condition=whole.condition,
            passes=whole.passes,
            start=start,
            stop=min(start + step, whole.stop),
        )
        for start in range(whole.start, whole.stop, step)
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluationTask:
    """Everything that the units of a run share.

    Attributes:
        subject: The network.
        images: The clean images.
        stored: Images of conditions that are corrupted already.
        spec: How they are evaluated.
        indices: [N] order of evaluation of the first seed.
        batches: Device batch of each pass.
        devices: Where networks run: worker i takes the i-th, and the first again after the last.
        threads: Number of CPU threads; None is all. With one, it does not matter who does the work:
            two round differently (ResNet-50, batches below 16: logits by 2e-4).
        is_alone: Whether one process does everything; it makes the next images meanwhile.
        parts: Conditions of which each image has one, where the order mixes them; else ().
    """

    subject: Subject
    images: ImageSet
    stored: Mapping[Condition, ImageSet]
    spec: EvaluationSpec
    indices: NDArray[np.int64]
    batches: Mapping[Pass, DeviceBatch]
    devices: tuple[str, ...]
    threads: int | None = 1
    is_alone: bool = True
    parts: tuple[Condition, ...] = ()

    def open(self, place: int) -> UnitRunner:
        """Return what does the units, on a device of its own."""
        return UnitRunner(self, self.devices[place % len(self.devices)])

    def order_of(self, seed: int) -> NDArray[np.int64]:
        """Return the order of evaluation of a seed."""
        if seed == self.spec.seed:
            return self.indices
        labels, order = self.images.labels, self.spec.order
        return repeat_order(self.indices, labels, order=order, seed=seed)


class UnitRunner:
    """Does units, one after the other.

    Args:
        task: What they share.
        device: Where the network runs.
    """

    def __init__(self, task: EvaluationTask, device: str) -> None:
        self._task = task
        self._spec = replace(task.spec, device=device)
        self._views = make_views(task.subject, task.images, task.batches, self._spec)
        self._order = task.spec.seed, task.indices

    def __call__(self, unit: Unit, advance: Advance) -> UnitResult:
        """Return what a unit gives.

        Raises:
            CheckpointError: The network gives no finite logits.
        """
        task, condition = self._task, unit.condition
        images = task.stored[condition] if condition.is_stored else task.images
        order = self._order_of(unit.seed)

        def keep(logits: Tensor, indices: NDArray[np.int64]) -> Predictions:
            advance(logits.shape[0] * logits.shape[1])
            labels, classes = images.labels[indices], task.spec.classes
            return predict(logits, image_index=indices, labels=labels, classes=classes)

        work = Work(
            task.subject,
            images,
            order[unit.start : unit.stop],
            order,
            samples=max(0, task.spec.samples - unit.start),
        )
        with arithmetic(self._spec, threads=task.threads):
            result = run_passes(
                {p: self._views[p] for p in unit.passes},
                work,
                self._mixture(unit) or condition,
                options=StreamOptions(
                    seed=unit.seed, frost=self._spec.frost, workers=int(task.is_alone)
                ),
                keep=keep,
            )
        for p, measured in result.measured.items():
            self._views[p] = self._views[p]._replace(sets=measured.sets)
        return result

    def _mixture(self, unit: Unit) -> Mixture | None:
        """Return the conditions of the unit's images, and of those that fill its last set."""
        task = self._task
        if not task.parts:
            return None
        which = assign_conditions(
            task.parts, len(task.indices), order=task.spec.order, seed=unit.seed
        )
        sources = [(task.stored.get(part, task.images), part) for part in task.parts]
        return Mixture(sources, np.concatenate([which[unit.start : unit.stop], which]))

    def _order_of(self, seed: int) -> NDArray[np.int64]:
        """Return the order of a seed; the last one is kept."""
        if self._order[0] != seed:
            self._order = seed, self._task.order_of(seed)
        return self._order[1]
