"""How well probabilities fit outcomes, from stored predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["NUM_BINS", "bin_confidence", "calibration_error"]

NUM_BINS = 15


def bin_confidence(confidence: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return [N]: the bin 0..14 of each confidence 0..1, of equal bins (a, b]."""
    edges = np.linspace(0, 1, NUM_BINS + 1)[1:-1]
    return np.searchsorted(edges, confidence, side="left")


def calibration_error(confidence: NDArray[np.floating], correct: NDArray[np.bool_]) -> float:
    """Return the expected calibration error, 0..1, over 15 equal bins of confidence.

    Args:
        confidence: [N], probability of the predicted class, 0..1.
        correct: [N], whether the prediction is the label.

    Source: Guo et al. 2017, "On calibration of modern neural networks", eq. 3; bins (a, b].
    """
    bins = bin_confidence(confidence)
    gap = np.bincount(bins, weights=confidence.astype(np.float64) - correct, minlength=NUM_BINS)
    return float(np.abs(gap).sum() / len(confidence))
