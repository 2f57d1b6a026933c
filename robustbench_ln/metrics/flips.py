"""How stable predictions are over the frames of a perturbation sequence.

A sequence shows one image under a perturbation that changes a little from frame to frame. Each
frame is compared with the one before it; under noise with the first frame, since frames of noise do
not follow from one another.

Source: Hendrycks and Dietterich 2019, "Benchmarking Neural Network Robustness to Common Corruptions
    and Perturbations", section 4.2; hendrycks/robustness, ImageNet-P (flip_prob, ranking_dist).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import DataError
from robustbench_ln.metrics.intervals import Estimate, Interval
from robustbench_ln.metrics.student import linear_bounds, mean_bounds
from robustbench_ln.metrics.units import Units, find_units

__all__ = [
    "MOST_DISTANCE",
    "TOP",
    "Sharing",
    "count_comparisons",
    "count_flips",
    "mean_estimate",
    "mean_ratio",
    "sum_top5_distances",
    "units_of_sequences",
]

TOP = 5
MOST_DISTANCE = 15
"""Top-5 distance of two frames whose five best classes have none in common: 5 + 4 + 3 + 2 + 1."""


class Sharing(NamedTuple):
    """Frames of a sequence, and frames that share statistics; None where none do."""

    num_frames: int
    set_size: int | None


def count_comparisons(num_frames: int, *, is_noise: bool, step: int = 1) -> int:
    """Return the number of comparisons in a sequence.

    Raises:
        DataError: Too few frames for one.
    """
    step = 1 if is_noise else step
    if num_frames <= step:
        raise DataError(f"sequences of {num_frames} frames; expected {step + 1} or more")
    return num_frames - step


def count_flips(
    classes: NDArray[np.integer], *, is_noise: bool, step: int = 1
) -> NDArray[np.int64]:
    """Return for each sequence the number of its comparisons in which the class changes.

    Divided by the number of comparisons, its mean over sequences is the flip probability of a
    perturbation; the mean of that over perturbations, as CIFAR-10-P reports it, is mFP.

    Args:
        classes: [N, T] predicted class of every frame.
        is_noise: Whether frames are compared with the first one of their sequence.
        step: Frames from the earlier to the later one of a comparison: the published difficulty;
            1 under noise, whose difficulties are sequences of their own.

    Returns: [N], of T - step comparisons each.
    Raises: DataError: Fewer than two frames.
    """
    before, after = _pairs(classes, is_noise=is_noise, step=step)
    return np.asarray((before != after).sum(axis=1), dtype=np.int64)


def sum_top5_distances(
    ranked: NDArray[np.integer], *, is_noise: bool, step: int = 1
) -> NDArray[np.int64]:
    """Return for each sequence the sum of the top-5 distances of its comparisons.

    The class at place i (0..4) of the earlier frame, found at place j of the later one, counts
    |i - min(j, 5)|. Places of classes beyond the fifth are 5, so that equal lists have distance 0
    and lists without a common class 15. Divided by the number of comparisons, the mean over
    sequences is T5D; the mean of that over perturbations is mT5D.

    Args:
        ranked: [N, T, 5] the five classes with the largest logits of every frame, largest first.
        is_noise: Whether frames are compared with the first one of their sequence.
        step: Frames from the earlier to the later one of a comparison: the published difficulty;
            1 under noise, whose difficulties are sequences of their own.

    Returns: [N], each 0..15 for each comparison.
    Raises: DataError: Fewer than two frames, or other than five classes.
    """
    if ranked.shape[-1] != TOP:
        raise DataError(f"{ranked.shape[-1]} ranked classes; the top-5 distance needs {TOP}")
    before, after = _pairs(ranked, is_noise=is_noise, step=step)
    is_there = before[..., :, None] == after[..., None, :]  # [N, T - 1, 5, 5]
    places = np.where(is_there.any(axis=-1), is_there.argmax(axis=-1), TOP)
    distances = np.abs(places - np.arange(TOP)).sum(axis=-1)
    return np.asarray(distances.sum(axis=1), dtype=np.int64)


def units_of_sequences(num_sequences: int, sharing: Iterable[Sharing]) -> Units:
    """Return which sequences depend on each other.

    Where frames share statistics in sets, a set may hold frames of several sequences: the unit is
    then the fewest consecutive sequences that no set crosses.

    Args:
        num_sequences: N.
        sharing: Of each mode or perturbation that is looked at.

    >>> units_of_sequences(100, [Sharing(31, None)]).num_units
    100
    >>> units_of_sequences(100, [Sharing(30, 128)]).starts[0]
    array([ 0, 64])
    """
    sizes = [
        1 if set_size is None else math.lcm(set_size, num_frames) // num_frames
        for num_frames, set_size in sharing
    ]
    return find_units(num_sequences, [min(size, num_sequences) for size in sizes])


def mean_estimate(values: NDArray[np.float64], units: Units, *, most: int = 1) -> Estimate:
    """Return a mean over sequences with its 95 % interval.

    Args:
        values: [N], each 0..most: of each sequence, or its mean over perturbations.
        units: Which sequences depend on each other.
        most: Largest value.
    """
    interval = mean_bounds(values / most, units).pick()
    scaled = None if interval is None else Interval(most * interval.low, most * interval.high)
    return Estimate(float(values.mean()), scaled)


def mean_ratio(
    values: NDArray[np.float64], baseline: NDArray[np.float64], units: Units
) -> Estimate:
    """Return the mean over perturbations of a network's value divided by the baseline's.

    With flip probabilities it is mFR, with top-5 distances mT5D. The baseline is taken as exact.

    Args:
        values: [P, N] of each perturbation and sequence.
        baseline: [P] of each perturbation.
        units: Which sequences depend on each other.
    """
    ratios = (values / baseline[:, None]).mean(axis=0)
    mean = np.asarray(ratios.mean())
    bounds = linear_bounds(mean, ratios - mean, units)
    return Estimate(float(mean), bounds.pick())


def _pairs(
    frames: NDArray[np.integer], *, is_noise: bool, step: int
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Return the earlier and the later frame of each comparison, [N, T - step, ...]."""
    count_comparisons(frames.shape[1], is_noise=is_noise, step=step)
    step = 1 if is_noise else step
    return (frames[:, :1] if is_noise else frames[:, :-step]), frames[:, step:]
