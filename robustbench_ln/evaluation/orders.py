"""The order of the test images: which of them meet in a statistics set.

All seeded orders are of the same images: those that a seed's permutation puts first, up to the
limit. So runs in different orders can be compared image by image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import DataError
from robustbench_ln.modes import MIXTURES, concentration_of
from robustbench_ln.rng import stream

__all__ = ["evaluation_order", "repeat_order"]

Indices = NDArray[np.int64]


def evaluation_order(labels: Indices, *, order: str, seed: int, limit: int | None) -> Indices:
    """Return the positions of the images in the data set, in the order of evaluation.

    Args:
        labels: [N] of the data set.
        order: "shuffled": one permutation for a seed, the same for every condition and mode.
            "as-is": 0, 1, 2, ... "by-class": the shuffled images, one class after another.
            "dirichlet-A": as a stream whose mix of classes changes; see `_drift`. "mixed" and
            "growing" are shuffled; see `evaluation.mixtures`.
        seed: Seed of the run.
        limit: Number of images to keep, the first after the permutation; None keeps all.
    """
    if order == "as-is":
        return np.arange(len(labels))[:limit]
    shuffled = stream(seed, "order").permutation(len(labels))[:limit].astype(np.int64)
    return _arrange(shuffled, labels, order=order, seed=seed)


def repeat_order(indices: Indices, labels: Indices, *, order: str, seed: int) -> Indices:
    """Return the order of a repeat: the same images, in another order where it is random.

    Args:
        indices: [n] order of the run's first seed.
        labels: [N] of the data set.
        order: Order as in `evaluation_order`.
        seed: Seed of the repeat.
    """
    if order == "as-is":
        return indices
    shuffled = stream(seed, "order").permutation(np.sort(indices))
    return _arrange(shuffled, labels, order=order, seed=seed)


def _arrange(shuffled: Indices, labels: Indices, *, order: str, seed: int) -> Indices:
    """Return shuffled images in a seeded order.

    Raises:
        DataError: They are of one class, and the order is one of classes.
    """
    if order in ("shuffled", *MIXTURES):
        return shuffled
    if len(np.unique(labels[shuffled])) < 2:
        raise DataError(f"all images are of one class; the order '{order}' needs two or more")
    if order == "by-class":
        return shuffled[np.argsort(labels[shuffled], kind="stable")]
    concentration = concentration_of(order)
    assert concentration is not None, "spec demands a known order"
    generator = stream(seed, "order", order)
    return shuffled[_drift(labels[shuffled], concentration, generator=generator)]


def _drift(labels: Indices, concentration: float, *, generator: np.random.Generator) -> Indices:
    """Return positions of images in a stream whose mix of classes changes.

    The stream has as many parts as there are classes. Each class shares its images out over the
    parts in proportions drawn from a symmetric Dirichlet distribution, and each part is shuffled.
    A concentration near 0 puts a class into one part, a large one makes all parts alike.

    Source: Gong et al. 2022, "NOTE: Robust continual test-time adaptation against temporal
        correlation", section 4. Departs: images are rounded to parts by cumulative shares, so that
        every image is in the stream once.
    """
    classes, of_class = np.unique(labels, return_inverse=True)
    part = np.empty(len(labels), dtype=np.int64)
    for number in range(len(classes)):
        members = np.flatnonzero(of_class == number)
        shares = generator.dirichlet(np.full(len(classes), concentration))
        ends = np.rint(np.cumsum(shares) * len(members)).astype(np.int64)
        part[members] = np.searchsorted(ends, np.arange(len(members)), side="right")
    part = np.minimum(part, len(classes) - 1)  # the last share may end a rounding below 1
    return np.lexsort((generator.random(len(labels)), part))
