"""LocalNorm and Dynamic BatchNorm, restated from the paper in float64 with plain loops.

Nothing here imports the package.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def set_statistics(images: Array) -> tuple[Array, Array]:
    """Mean and population variance over (images, H, W) of [M, C, H, W]: two passes, by channel."""
    num_images, num_channels, height, width = images.shape
    mean, variance = np.zeros(num_channels), np.zeros(num_channels)
    for channel in range(num_channels):
        values = [
            float(images[i, channel, y, x])
            for i in range(num_images)
            for y in range(height)
            for x in range(width)
        ]
        mean[channel] = math.fsum(values) / len(values)
        variance[channel] = math.fsum((v - mean[channel]) ** 2 for v in values) / len(values)
    return mean, variance


def normalize(
    images: Array, mean: Array, var: Array, gamma: Array, beta: Array, eps: float
) -> Array:
    result = np.zeros_like(images)
    for channel in range(images.shape[1]):
        root = math.sqrt(var[channel] + eps)
        result[:, channel] = (images[:, channel] - mean[channel]) / root * gamma[channel]
        result[:, channel] += beta[channel]
    return result


def by_sets(images: Array, set_size: int, gamma: Array, beta: Array, eps: float) -> Array:
    """Every set of consecutive images with its own statistics, one gamma and beta."""
    parts = []
    for start in range(0, len(images), set_size):
        members = images[start : start + set_size]
        parts.append(normalize(members, *set_statistics(members), gamma, beta, eps))
    return np.concatenate(parts)


def by_windows(images: Array, size: int, gamma: Array, beta: Array, eps: float) -> Array:
    """Every image with the statistics of itself and the size - 1 before it, as far as there are."""
    parts = []
    for last in range(len(images)):
        mean, variance = set_statistics(images[max(0, last - size + 1) : last + 1])
        parts.append(normalize(images[last : last + 1], mean, variance, gamma, beta, eps))
    return np.concatenate(parts)


def local_norm(images: Array, gammas: Array, betas: Array, eps: float) -> Array:
    """The training layer: group k of the batch has its own statistics, gamma_k and beta_k."""
    group_size = len(images) // len(gammas)
    parts = []
    for k, (gamma, beta) in enumerate(zip(gammas, betas, strict=True)):
        members = images[k * group_size : (k + 1) * group_size]
        parts.append(normalize(members, *set_statistics(members), gamma, beta, eps))
    return np.concatenate(parts)


def rotations(image: Array) -> list[Array]:
    """[C, H, W] turned by 0, 90, 180, 270 degrees, counter-clockwise, pixel by pixel."""
    turned = [image]
    for _ in range(3):
        last = turned[-1]
        size = last.shape[-1]
        following = np.zeros_like(last)
        for y in range(size):
            for x in range(size):
                following[:, size - 1 - x, y] = last[:, y, x]
        turned.append(following)
    return turned


def with_rotations(images: Array, gamma: Array, beta: Array, eps: float) -> Array:
    """Each image with the statistics of itself and its rotations; only the image is returned."""
    parts = []
    for image in images:
        together = np.stack(rotations(image))
        mean, variance = set_statistics(together)
        parts.append(normalize(image[None], mean, variance, gamma, beta, eps))
    return np.concatenate(parts)
