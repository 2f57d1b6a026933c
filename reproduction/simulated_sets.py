"""Simulated images whose statistics sets are right and wrong together, for `coverage.py`.

An image is right where a normal latent number lies below a threshold. The latent is made of what
the set adds (SD `SET_SPREAD`), what the image has under all conditions and modes, and what is new
each time. Thresholds are such that the probability over all sets is the one that is asked for: the
truth that an interval should hold is known exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["SET_SPREAD", "Side", "classes_in_sets", "failing_sets", "right_under_conditions"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

SET_SPREAD = 0.3
"""SD that a set adds to the latent number, whose SD within a set is 1. For sets of 128 and accuracy
0.7 the variance of a mean is then about 7 times that of independent images: sets matter much."""

SHARED = 0.5
"""Share of the variance within a set that an image has in common with itself elsewhere."""


class Side(NamedTuple):
    """A mode: its sets, and how probable it is that an image is right.

    Attributes:
        probabilities: [conditions], or [conditions, severities]: one latent number for all
            severities, so that an image that is wrong at one is wrong at the harder ones.
        set_size: Images that share statistics.
        spread: SD that a set adds; the same draw under all conditions.
    """

    probabilities: Sequence[float] | Floats
    set_size: int
    spread: float


def right_under_conditions(
    sides: Sequence[Side], *, shape: tuple[int, int], generator: np.random.Generator
) -> list[Floats]:
    """Return for each side, [simulations, conditions, N], at how many severities it was right.

    Args:
        sides: Modes that see the same images.
        shape: Simulations and images.
        generator: Makes the draws.
    """
    image = generator.standard_normal(shape, dtype=np.float32)[:, None, :]
    return [_right(side, image, generator) for side in sides]


def _right(side: Side, image: NDArray[np.float32], generator: np.random.Generator) -> Floats:
    thresholds = ndtri(np.array(side.probabilities)) * np.sqrt(1 + side.spread**2)
    number, num_images = len(image), image.shape[-1]
    sets = generator.standard_normal((number, -(-num_images // side.set_size)), dtype=np.float32)
    level = np.repeat(sets, side.set_size, axis=1)[:, None, :num_images]
    latent = generator.standard_normal((number, len(thresholds), num_images), dtype=np.float32)
    latent *= np.float32(np.sqrt(1 - SHARED))
    latent += np.float32(np.sqrt(SHARED)) * image + np.float32(side.spread) * level
    levels = thresholds.reshape(len(thresholds), -1, 1).astype(np.float32)
    counts = np.zeros(latent.shape, dtype=np.int8)
    for k in range(levels.shape[1]):
        counts += latent < levels[:, k]
    return counts.astype(np.float64)


def failing_sets(
    usual: float,
    failed: float,
    *,
    shape: tuple[int, int],
    set_size: int,
    generator: np.random.Generator,
) -> Bools:
    """Return [simulations, N]: right with probability `usual`; in one set of ten, with `failed`."""
    is_failed = generator.random((shape[0], -(-shape[1] // set_size))) < 0.1
    level = np.where(is_failed, failed, usual)
    return generator.random(shape) < np.repeat(level, set_size, axis=1)[:, : shape[1]]


def classes_in_sets(
    *, shape: tuple[int, int], set_size: int, is_ordered: bool, generator: np.random.Generator
) -> Bools:
    """Return [simulations, N]: whether a classifier with batch statistics was right.

    Ten classes are Gaussian clouds in 16 dimensions. The classifier takes the nearest class centre
    after it has standardised each dimension over the set, as Dynamic BatchNorm does. No spread is
    put in: what a set's images have in common is what the statistics make of it.

    Args:
        shape: Simulations and images.
        set_size: Images that share statistics.
        is_ordered: Whether the images come class by class; else in random order.
        generator: Makes the draws.
    """
    centres = np.random.default_rng(14).standard_normal((10, 16)).astype(np.float32) * 0.7
    scaled = (centres - centres.mean(axis=0)) / np.sqrt(1 + centres.var(axis=0))
    right = np.empty(shape, dtype=bool)
    for row in right:
        labels = generator.integers(10, size=shape[1])
        labels = np.sort(labels) if is_ordered else labels
        points = centres[labels] + generator.standard_normal((shape[1], 16), dtype=np.float32)
        for start in range(0, shape[1], set_size):
            part = slice(start, start + set_size)
            inputs = (points[part] - points[part].mean(axis=0)) / points[part].std(axis=0)
            scores = inputs @ scaled.T - (scaled**2).sum(axis=1) / 2
            row[part] = scores.argmax(axis=1) == labels[part]
    return right
