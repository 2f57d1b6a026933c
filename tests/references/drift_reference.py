"""Drift of norm layers, restated in float64 with plain loops. Nothing here imports the package."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.references.norm_reference import set_statistics

Array = NDArray[np.float64]


def log_density(x: float, mean: float, variance: float) -> float:
    return -((x - mean) ** 2) / (2 * variance) - math.log(2 * math.pi * variance) / 2


def divergence_by_integration(p: tuple[float, float], q: tuple[float, float]) -> float:
    """The integral of p ln(p / q) over 12 standard deviations of p, by the trapezoid rule."""
    sd = math.sqrt(p[1])
    xs = [p[0] + 24 * sd * (i / 20_000 - 0.5) for i in range(20_001)]
    values = [math.exp(log_density(x, *p)) * (log_density(x, *p) - log_density(x, *q)) for x in xs]
    return (math.fsum(values) - (values[0] + values[-1]) / 2) * (xs[1] - xs[0])


def drift_of(inputs: Sequence[Array], clean: Sequence[Array], eps: Sequence[float]) -> list[float]:
    """For each layer the mean over channels of the closed form: inputs [N, C, H, W]."""
    found = []
    for now, before, small in zip(inputs, clean, eps, strict=True):
        (mean, variance), (clean_mean, clean_variance) = set_statistics(now), set_statistics(before)
        total = 0.0
        for channel in range(len(mean)):
            v, v0 = variance[channel] + small, clean_variance[channel] + small
            moved = (mean[channel] - clean_mean[channel]) ** 2
            total += math.log(math.sqrt(v0 / v)) + (v + moved) / (2 * v0) - 0.5
        found.append(total / len(mean))
    return found
