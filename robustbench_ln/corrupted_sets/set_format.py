"""The contract between the loop that makes images and the formats that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from robustbench_ln.corrupted_sets.listing import Entry
from robustbench_ln.corrupted_sets.manifest import Manifest
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.spec import Condition

__all__ = ["SetFormat", "Unit", "split_units"]

_UNIT_VALUES = 2**22
"""Pixel values of one unit of work, a few of which are in memory: 1,365 CIFAR images, 27 of
ImageNet. A set that is killed loses the units that it was working on."""


class Unit(NamedTuple):
    """Images `start` to `stop` (exclusive) under one condition: done as a whole or not at all."""

    condition: Condition
    start: int
    stop: int


class SetFormat(Protocol):
    """A format: where each unit's images go."""

    def pending(self, units: Sequence[Unit], manifest: Manifest) -> list[Unit]:
        """Return the units that are not done, ready to be written; list what only lacked that."""
        ...

    def num_bytes(self, unit: Unit) -> int:
        """Return what a unit takes on disk, about."""
        ...

    def write(self, unit: Unit, images: NDArray[Any]) -> list[Entry]:
        """Write a unit's images, in any thread; return the files that stand now."""
        ...

    def settle(self, unit: Unit, entries: Sequence[Entry], manifest: Manifest) -> None:
        """List what `write` wrote, in the one thread that has the manifest."""
        ...


def split_units(images: ImageSet, num_images: int, conditions: Sequence[Condition]) -> list[Unit]:
    """Return the units of all conditions; they depend on no worker and no earlier attempt."""
    step = max(1, _UNIT_VALUES // images.shape.num_values)
    return [
        Unit(condition, start, min(start + step, num_images))
        for condition in conditions
        for start in range(0, num_images, step)
    ]
