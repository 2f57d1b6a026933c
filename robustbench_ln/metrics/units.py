"""Units: how images become independent observations.

Images of one statistics set are right and wrong together, so that sets are counted and not images.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MIN_UNITS", "MIN_VERDICT_UNITS", "Units", "find_units"]

MIN_UNITS = 3
"""Fewer units have no interval: Student's t with 1 degree of freedom is 12.7, all or nothing."""

MIN_VERDICT_UNITS = 6
"""Fewer units decide nothing: sign flips of 5 units reach p = 2 / 2**5 = 0.06 at best."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Units:
    """Which images depend on each other, in the order of evaluation.

    Attributes:
        num_images: N.
        set_sizes: Images in a set, descending. Two where modes meet whose sets cross: with sets of
            128 and of 10 an image depends on its neighbours in both.
        starts: Set size -> index of the first image of each unit, ascending from 0.
    """

    num_images: int
    set_sizes: tuple[int, ...]
    starts: tuple[NDArray[np.int64], ...]

    @property
    def num_units(self) -> int:
        """U: number of units; of the larger sets where sets cross."""
        return min(map(len, self.starts))

    @property
    def are_images(self) -> bool:
        """Whether every image is a unit of its own."""
        return self.set_sizes == (1,)


def find_units(num_images: int, set_sizes: Iterable[int]) -> Units:
    """Return the units of images that modes with these set sizes have seen.

    Sets are consecutive images. A size that divides another is left out, for its sets lie whole in
    the other's. Of three sizes and more, the units are the smallest that cut no set. A last unit of
    less than half the size is joined to the one before it: it would count as a degree of freedom
    that it does not have.

    Args:
        num_images: N, 1 or more.
        set_sizes: Images that shared statistics, of each mode; 1 where none did.

    >>> find_units(1000, [128, 1, 16]).set_sizes
    (128,)
    >>> find_units(10, [4]).starts[0], find_units(9, [4]).starts[0]
    (array([0, 4, 8]), array([0, 4]))
    """
    sizes = sorted(set(set_sizes), reverse=True)
    kept = [size for size in sizes if not any(other % size == 0 for other in sizes if other > size)]
    if len(kept) > 2:
        kept = [math.lcm(*kept)]
    return Units(
        num_images=num_images,
        set_sizes=tuple(kept),
        starts=tuple(_first_images(num_images, size) for size in kept),
    )


def _first_images(num_images: int, size: int) -> NDArray[np.int64]:
    starts = np.arange(0, num_images, size)
    is_short = len(starts) > 1 and 2 * (num_images - int(starts[-1])) < size
    return starts[:-1] if is_short else starts
