"""How far the statistics of a norm layer move when its input is degraded.

Each channel is taken for a Gaussian with the mean and variance that the layer sees over all images
and positions. Its drift is the divergence of the Gaussian under degraded images from that of clean
ones: what is lost by taking the statistics of clean images for those of degraded ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.spec import Condition

__all__ = ["Drift", "gaussian_divergence"]

Floats = NDArray[np.float64]


class Drift(NamedTuple):
    """What `ln-bench inspect --drift` finds.

    Attributes:
        layers: Names of the norm layers, in the order of the forward pass; L.
        conditions: The degraded ones; the clean one first; D.
        divergence: [L, D] in nats, the mean over channels; 0 for clean images.
        correct: [L + 1, D] images that are right where the statistics of the first k layers are
            those of sets of test images, and the others' running ones; k = 0 ... L. None where
            there are no running statistics.
        num_images: Number of images.
        set_size: Images that share statistics.
    """

    layers: tuple[str, ...]
    conditions: tuple[Condition, ...]
    divergence: Floats
    correct: NDArray[np.int64] | None
    num_images: int
    set_size: int


def gaussian_divergence(
    mean: Floats, variance: Floats, *, clean_mean: Floats, clean_variance: Floats
) -> Floats:
    """Return KL(N(mean, variance) || N(clean mean, clean variance)) in nats.

        (v / v_clean + (m - m_clean)^2 / v_clean - 1 - ln(v / v_clean)) / 2

    Args:
        mean: Of any shape.
        variance: The same shape, above 0.
        clean_mean: The same shape.
        clean_variance: The same shape, above 0.

    Source: Kullback 1959, "Information theory and statistics", chapter 9 (one dimension).
    """
    ratio = variance / clean_variance
    shift = (mean - clean_mean) ** 2 / clean_variance
    divergence: Floats = np.maximum((ratio - 1 - np.log(ratio) + shift) / 2, 0.0)
    return divergence
