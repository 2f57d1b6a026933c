"""Flip rates and top-5 distances in plain loops: Hendrycks and Dietterich 2019, section 4.2."""

from __future__ import annotations


def flip_probability(sequences: list[list[int]], is_noise: bool) -> float:
    """FP = 1 / (m (n - 1)) sum_i sum_j 1(f(x_j) != f(x_{j-1})).

    Under noise f(x_1) stands for f(x_{j-1}).
    """
    flips = comparisons = 0
    for sequence in sequences:
        for j in range(1, len(sequence)):
            reference = sequence[0] if is_noise else sequence[j - 1]
            flips += sequence[j] != reference
            comparisons += 1
    return flips / comparisons


def top5_distance(first: list[int], second: list[int]) -> int:
    """d(tau(x), tau(x')) = sum_{i=1}^5 sum_{j=min(i, s(i)) + 1}^{max(i, s(i))} 1(1 <= j - 1 <= 5).

    Args:
        first: All K classes, best first, of x.
        second: Of x'. s(i) is the place, counted from 1, of the class at place i of `first`.
    """
    total = 0
    for i in range(1, 6):
        s = second.index(first[i - 1]) + 1
        for j in range(min(i, s) + 1, max(i, s) + 1):
            total += 1 <= j - 1 <= 5
    return total


def mean_top5_distance(sequences: list[list[list[int]]], is_noise: bool) -> float:
    """T5D: the mean over sequences and comparisons."""
    distances = []
    for sequence in sequences:
        for j in range(1, len(sequence)):
            distances.append(top5_distance(sequence[0 if is_noise else j - 1], sequence[j]))
    return sum(distances) / len(distances)
