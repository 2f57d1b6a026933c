"""SwitchNorm and Batch Renormalization, restated from their papers in float64 with plain loops.

Nothing here imports the package.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tests.references.norm_reference import normalize

Array = NDArray[np.float64]


def moments_of(values: Array) -> tuple[float, float]:
    """Mean and population variance of all values, in two passes."""
    flat = [float(value) for value in values.ravel()]
    mean = math.fsum(flat) / len(flat)
    return mean, math.fsum((value - mean) ** 2 for value in flat) / len(flat)


def softmax(weights: Array) -> list[float]:
    powers = [math.exp(weight) for weight in weights]
    return [power / math.fsum(powers) for power in powers]


def switch_norm(
    images: Array, gamma: Array, beta: Array, eps: float, *,
    mean_weight: Array, var_weight: Array, batch: tuple[Array, Array],
) -> Array:  # fmt: skip
    """Luo et al. 2019, equations 2 and 3; `batch` are the batch part's mean and variance [N, C]."""
    mean_share, var_share = softmax(mean_weight), softmax(var_weight)
    result = np.zeros_like(images)
    for n, image in enumerate(images):
        layer_mean, layer_var = moments_of(image)
        for c, channel in enumerate(image):
            instance_mean, instance_var = moments_of(channel)
            means = (instance_mean, layer_mean, batch[0][n, c])
            variances = (instance_var, layer_var, batch[1][n, c])
            mean = math.fsum(share * value for share, value in zip(mean_share, means, strict=True))
            var = math.fsum(
                share * value for share, value in zip(var_share, variances, strict=True)
            )
            result[n, c] = (channel - mean) / math.sqrt(var + eps) * gamma[c] + beta[c]
    return result


def batch_of_sets(images: Array, set_size: int) -> tuple[Array, Array]:
    """Mean and variance [N, C] of each image's set of consecutive images."""
    mean, var = np.zeros(images.shape[:2]), np.zeros(images.shape[:2])
    for n in range(len(images)):
        start = n // set_size * set_size
        for c in range(images.shape[1]):
            mean[n, c], var[n, c] = moments_of(images[start : start + set_size, c])
    return mean, var


def renorm_correction(
    images: Array, running_mean: Array, running_var: Array, eps: float, *, r_max: float,
    d_max: float,
) -> tuple[Array, Array]:  # fmt: skip
    """Ioffe 2017, algorithm 1: r and d of each channel."""
    r, d = np.zeros(images.shape[1]), np.zeros(images.shape[1])
    for c in range(images.shape[1]):
        mean, var = moments_of(images[:, c])
        sigma = math.sqrt(running_var[c] + eps)
        r[c] = min(max(math.sqrt(var + eps) / sigma, 1 / r_max), r_max)
        d[c] = min(max((mean - running_mean[c]) / sigma, -d_max), d_max)
    return r, d


def batch_renorm(
    images: Array, gamma: Array, beta: Array, eps: float, *, r: Array, d: Array
) -> Array:
    """Ioffe 2017, algorithm 1, with r and d given: they are constants in the gradient."""
    mean, var = np.zeros(images.shape[1]), np.zeros(images.shape[1])
    for c in range(images.shape[1]):
        mean[c], var[c] = moments_of(images[:, c])
    plain = normalize(images, mean, var, np.ones_like(gamma), np.zeros_like(beta), eps)
    axes = (None, slice(None), None, None)
    return (plain * r[axes] + d[axes]) * gamma[axes] + beta[axes]
