"""BatchNorm by l1 and l-infinity deviations, in float64 with plain loops.

Nothing here imports the package.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def deviation_of(values: Array, order: str) -> tuple[float, float]:
    """Mean and deviation of all values: the mean of |x - mean|, or the largest."""
    flat = [float(value) for value in values.ravel()]
    mean = math.fsum(flat) / len(flat)
    distances = [abs(value - mean) for value in flat]
    return mean, math.fsum(distances) / len(flat) if order == "l1" else max(distances)


def deviation_norm(
    images: Array, set_size: int, gamma: Array, beta: Array, eps: float, *, order: str
) -> Array:
    """Every set of consecutive images by its own mean and deviation, channel by channel."""
    result = np.zeros_like(images)
    for start in range(0, len(images), set_size):
        chosen = slice(start, start + set_size)
        for c in range(images.shape[1]):
            mean, deviation = deviation_of(images[chosen, c], order)
            root = math.sqrt(deviation**2 + eps)
            result[chosen, c] = (images[chosen, c] - mean) / root * gamma[c] + beta[c]
    return result
