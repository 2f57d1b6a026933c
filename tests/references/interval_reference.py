"""Intervals of means over images in sets, in plain loops. Nothing here imports the package."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from scipy.optimize import brentq
from scipy.stats import norm, t

Z = float(norm.ppf(0.975))
Block = list[int]


def blocks_of(num_images: int, size: int) -> list[Block]:
    """Consecutive sets; a last one of less than half the size is joined to the one before."""
    blocks: list[Block] = []
    for image in range(num_images):
        if image % size == 0:
            blocks.append([])
        blocks[-1].append(image)
    if len(blocks) > 1 and len(blocks[-1]) < size / 2:
        short = blocks.pop()
        blocks[-1] += short
    return blocks


def crossed(first: list[Block], second: list[Block]) -> list[Block]:
    """Images that lie together in a block of either."""
    meets = [[i for i in one if i in other] for one in first for other in second]
    return [block for block in meets if block]


def ratio_variance(values: Sequence[float], blocks: list[Block]) -> float:
    """Cochran's variance of sum / number of images over blocks; no finite population."""
    total, number = math.fsum(values), len(values)
    squares = 0.0
    for block in blocks:
        residual = math.fsum(values[i] for i in block) - total / number * len(block)
        squares += residual**2
    count = len(blocks)
    return count / (count - 1) * squares / number**2


def two_way_variance(values: Sequence[float], first: list[Block], second: list[Block]) -> float:
    one, other = ratio_variance(values, first), ratio_variance(values, second)
    return max(one, other, one + other - ratio_variance(values, crossed(first, second)))


def score_interval(
    mean: float, variance: float, quantile: float, number: int
) -> tuple[float, float]:
    """All p with |mean - p| <= quantile * sqrt(p (1 - p) / n), ends found by a root finder.

    n is `number` for a mean of 0 or 1, where one root is the mean itself.
    """
    if mean in (0, 1):
        edge = quantile**2 / (number + quantile**2)
        return (0.0, edge) if mean == 0 else (1 - edge, 1.0)
    if variance < 1e-18:
        return mean, mean
    n = mean * (1 - mean) / variance

    def excess(p: float) -> float:
        return (mean - p) ** 2 - quantile**2 * p * (1 - p) / n

    return brentq(excess, 0.0, mean, xtol=1e-15), brentq(excess, mean, 1.0, xtol=1e-15)


def mean_interval(values: Sequence[float], blocks: list[Block]) -> tuple[float, float]:
    number = len(values)
    mean = math.fsum(values) / number
    images = math.fsum((v - mean) ** 2 for v in values) / number**2
    if images < 1e-18:  # all images alike, right under some conditions: as if each had one
        images = mean * (1 - mean) / number
    quantile = float(t.ppf(0.975, len(blocks) - 1))
    by_units = score_interval(mean, ratio_variance(values, blocks), quantile, number)
    by_images = score_interval(mean, images, Z, number)
    return min(by_units[0], by_images[0]), max(by_units[1], by_images[1])


def newcombe_interval(
    both: int, only_first: int, only_second: int, neither: int
) -> tuple[float, float]:
    """Method 10 for a paired two by two table, from its counts."""
    number = both + only_first + only_second + neither
    first, second = both + only_first, both + only_second
    one, other = first / number, second / number

    def wilson(right: int) -> tuple[float, float]:
        share = right / number
        return score_interval(share, share * (1 - share) / number, Z, number)

    (low, high), (its_low, its_high) = wilson(first), wilson(second)
    product = first * (number - first) * second * (number - second)
    numerator = both * neither - only_first * only_second
    if numerator > number / 2:
        numerator -= number / 2
    elif numerator > 0:
        numerator = 0
    phi = numerator / math.sqrt(product) if product else 0.0

    def together(a: float, b: float) -> float:
        return math.sqrt(a * a - 2 * phi * a * b + b * b)

    difference = one - other
    return (
        difference - together(one - low, its_high - other),
        difference + together(high - one, other - its_low),
    )


def influences(statistic: Callable[[list[float]], float], number: int) -> list[float]:
    """How a statistic of weighted images moves with the weight of each, times their number."""
    step = 1e-5
    found = []
    for image in range(number):
        ends = []
        for sign in (1, -1):
            weights = [1.0] * number
            weights[image] += sign * step
            ends.append(statistic(weights))
        found.append(number * (ends[0] - ends[1]) / (2 * step))
    return found


def crossing(sigmas: Sequence[float], heights: Sequence[float]) -> float:
    """The first sigma at which a broken line comes down to 0; inf where it does not."""
    if heights[0] <= 0:
        return sigmas[0]
    for k in range(1, len(sigmas)):
        if heights[k] <= 0:
            part = heights[k - 1] / (heights[k - 1] - heights[k])
            return sigmas[k - 1] + part * (sigmas[k] - sigmas[k - 1])
    return math.inf
