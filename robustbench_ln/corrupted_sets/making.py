"""One unit of a set: read, degrade, write its images. Any process may do it, twice if need be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_ln.corrupted_sets.listing import Entry
from robustbench_ln.corrupted_sets.set_format import SetFormat, Unit
from robustbench_ln.corruptions.degrade import Inputs, degrade
from robustbench_ln.corruptions.pixel_range import RescaleLimits
from robustbench_ln.corruptions.stream import find_limits
from robustbench_ln.data.image_set import ImageSet, Pixels
from robustbench_ln.files.write_errors import explain_write_errors
from robustbench_ln.spec import Condition, FrostTextures
from robustbench_ln.workers.task import Advance

__all__ = ["Made", "MakingTask", "Order"]


class Order(NamedTuple):
    """What is asked of a worker: a unit of the set; or the limits of a condition's whole set.

    Attributes:
        condition: What is done to the images.
        unit: The images; None asks for the limits.
        limits: Smallest and largest value for the range "rescale", once they are known.
    """

    condition: Condition
    unit: Unit | None = None
    limits: RescaleLimits | None = None

    def __str__(self) -> str:
        """Name it, for messages."""
        unit, condition = self.unit, self.condition
        name = f"{condition.corruption} {condition.severity:g}"
        return name if unit is None else f"{name}, images {unit.start} to {unit.stop}"


class Made(NamedTuple):
    """What an order gave.

    Attributes:
        entries: Files that stand.
        limits: Smallest and largest value of the set, where they were asked for.
        images: [n, H, W, C] that are still to be written; None where they are.
    """

    entries: list[Entry]
    limits: RescaleLimits | None = None
    images: NDArray[np.generic] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class MakingTask:
    """Everything that the units of a set share.

    Attributes:
        folder: Folder of the set.
        images: The clean images.
        num_images: How many of them, from the first.
        set_format: Where a unit's images go.
        seed: Decides the draws.
        frost: Pictures that frost is cut from; None makes procedural ones.
        writes: Whether whoever makes images writes them; else they come back to be written.
    """

    folder: Path
    images: ImageSet
    num_images: int
    set_format: SetFormat
    seed: int
    frost: FrostTextures | None
    writes: bool = True

    def open(self, place: int) -> Maker:
        """Return what fills orders; `place` does not matter."""
        del place
        return Maker(self)


class Maker:
    """Fills orders, one after the other.

    Args:
        task: What they share.
    """

    def __init__(self, task: MakingTask) -> None:
        self._task = task
        self._read: tuple[tuple[int, int], Pixels] | None = None

    def __call__(self, order: Order, advance: Advance) -> Made:
        """Write a unit, or return the limits of a set.

        Raises:
            DataError: A picture cannot be read.
            RecordError: The images cannot be written.
        """
        threads = torch.get_num_threads(), cv2.getNumThreads()
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        try:
            with explain_write_errors(self._task.folder):
                made = self._make(order)
        finally:
            torch.set_num_threads(threads[0])
            cv2.setNumThreads(threads[1])
        if order.unit is not None:
            advance(order.unit.stop - order.unit.start)
        return made

    def _make(self, order: Order) -> Made:
        task, unit = self._task, order.unit
        if unit is None:
            everything = np.arange(task.num_images)
            limits = find_limits(task.images, everything, order.condition, seed=task.seed)
            return Made([], limits)
        degraded = degrade(
            torch.from_numpy(self._pixels(unit.start, unit.stop)),
            unit.condition,
            seed=task.seed,
            indices=range(unit.start, unit.stop),
            inputs=Inputs(limits=order.limits, frost=task.frost),
        )
        pixels = degraded.images.numpy()
        return Made(task.set_format.write(unit, pixels)) if task.writes else Made([], images=pixels)

    def _pixels(self, start: int, stop: int) -> Pixels:
        """Return images of the source; the last ones are kept for the next condition."""
        if self._read is None or self._read[0] != (start, stop):
            self._read = (start, stop), self._task.images.read(range(start, stop))
        return self._read[1]
