"""How stable predictions are over the frames of a perturbation sequence.

A sequence shows one image under a perturbation that changes a little from frame to frame. Each
frame is compared with the one before it; under noise with the first frame, since frames of noise do
not follow from one another.

Source: Hendrycks and Dietterich 2019, "Benchmarking Neural Network Robustness to Common Corruptions
    and Perturbations", section 4.2; hendrycks/robustness, ImageNet-P (flip_prob, ranking_dist).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import DataError

__all__ = ["TOP", "flip_shares", "mean_ratio", "top5_distances"]

TOP = 5


def flip_shares(
    classes: NDArray[np.integer], *, is_noise: bool, step: int = 1
) -> NDArray[np.float64]:
    """Return for each sequence the share of its comparisons in which the class changes.

    The mean over sequences is the flip probability of a perturbation; its mean over perturbations,
    as CIFAR-10-P reports it, is mFP. Both are 0..1.

    Args:
        classes: [N, T] predicted class of every frame.
        is_noise: Whether frames are compared with the first one of their sequence.
        step: Frames from the earlier to the later one of a comparison: the published difficulty;
            1 under noise, whose difficulties are sequences of their own.

    Returns: [N], of T - step comparisons each.
    Raises: DataError: Fewer than two frames.
    """
    before, after = _pairs(classes, is_noise=is_noise, step=step)
    shares: NDArray[np.float64] = (before != after).mean(axis=1)
    return shares


def top5_distances(
    ranked: NDArray[np.integer], *, is_noise: bool, step: int = 1
) -> NDArray[np.float64]:
    """Return for each sequence the mean top-5 distance of its comparisons.

    The class at place i (0..4) of the earlier frame, found at place j of the later one, counts
    |i - min(j, 5)|. Places of classes beyond the fifth are 5, so that equal lists have distance 0
    and lists without a common class 15. The mean over sequences is T5D, over perturbations mT5D.

    Args:
        ranked: [N, T, 5] the five classes with the largest logits of every frame, largest first.
        is_noise: Whether frames are compared with the first one of their sequence.
        step: Frames from the earlier to the later one of a comparison: the published difficulty;
            1 under noise, whose difficulties are sequences of their own.

    Returns: [N], 0..15.
    Raises: DataError: Fewer than two frames, or other than five classes.
    """
    if ranked.shape[-1] != TOP:
        raise DataError(f"{ranked.shape[-1]} ranked classes; the top-5 distance needs {TOP}")
    before, after = _pairs(ranked, is_noise=is_noise, step=step)
    is_there = before[..., :, None] == after[..., None, :]  # [N, T - 1, 5, 5]
    places = np.where(is_there.any(axis=-1), is_there.argmax(axis=-1), TOP)
    distances: NDArray[np.float64] = np.abs(places - np.arange(TOP)).sum(axis=-1).mean(axis=1)
    return distances


def mean_ratio(values: NDArray[np.float64], baseline: NDArray[np.float64]) -> float:
    """Return the mean over perturbations of a network's value divided by the baseline's.

    With flip probabilities it is mFR, with top-5 distances mT5D; NaN where a value is missing.
    """
    return float(np.mean(values / baseline))


def _pairs(
    frames: NDArray[np.integer], *, is_noise: bool, step: int
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Return the earlier and the later frame of each comparison, [N, T - step, ...]."""
    step = 1 if is_noise else step
    if frames.shape[1] <= step:
        raise DataError(f"sequences of {frames.shape[1]} frames; expected {step + 1} or more")
    return (frames[:, :1] if is_noise else frames[:, :-step]), frames[:, step:]
