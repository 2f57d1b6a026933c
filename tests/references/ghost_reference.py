"""Ghost BatchNorm, restated from its paper in float64 with plain loops.

Nothing here imports the package.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.references.norm_reference import normalize, set_statistics

Array = NDArray[np.float64]


class Ghost(NamedTuple):
    """What a training batch comes to: [N, C, H, W], and [C] each."""

    images: Array
    running_mean: Array
    running_var: Array


def ghost_norm(
    images: Array, set_size: int, gamma: Array, beta: Array, eps: float, *,
    running_mean: Array, running_var: Array, momentum: float,
) -> Ghost:  # fmt: skip
    """Hoffer et al. 2017, algorithm 1; running statistics follow the mean over the sets, once."""
    parts, means, variances = [], [], []
    for start in range(0, len(images), set_size):
        members = images[start : start + set_size]
        mean, variance = set_statistics(members)
        parts.append(normalize(members, mean, variance, gamma, beta, eps))
        means.append(mean)
        variances.append(variance)
    new_mean, new_var = running_mean.copy(), running_var.copy()
    for c in range(len(new_mean)):
        set_mean = sum(mean[c] for mean in means) / len(means)
        set_var = sum(variance[c] for variance in variances) / len(variances)
        new_mean[c] = (1 - momentum) * running_mean[c] + momentum * set_mean
        new_var[c] = (1 - momentum) * running_var[c] + momentum * set_var
    return Ghost(np.concatenate(parts), new_mean, new_var)
