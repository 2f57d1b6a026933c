"""Is one mode better than another on the same images? Tests of paired outcomes."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.metrics.student import student_test
from robustbench_ln.metrics.units import Units

__all__ = [
    "Discordance",
    "adjust_holm",
    "count_discordant",
    "mcnemar_test",
    "paired_test",
    "sign_flip_test",
]

NUM_FLIPS = 10_000


class Discordance(NamedTuple):
    """Images that only one side got right."""

    only_first: int
    only_second: int


def count_discordant(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Discordance:
    """Return how many images [N] only one side got right."""
    return Discordance(int((first & ~second).sum()), int((second & ~first).sum()))


def mcnemar_test(discordance: Discordance) -> float:
    """Return the two-sided p value of the exact McNemar test; 1 where the sides always agree.

    For images that are independent of each other: not where images share statistics.

    Source: McNemar 1947; exact: a binomial test of the discordant images at one half.
    """
    from scipy import stats  # half a second, which reports without this test save

    total = sum(discordance)
    return float(stats.binomtest(discordance.only_first, total).pvalue) if total else 1.0


def sign_flip_test(
    differences: NDArray[np.floating] | NDArray[np.integer], *, generator: np.random.Generator
) -> float:
    """Return the two-sided p value of the paired permutation test of a zero sum.

    If the sides were alike, exchanging them within a unit would change nothing but a sign. All
    sign patterns are tried where they are at most `NUM_FLIPS`, else `NUM_FLIPS` random ones.

    Args:
        differences: [U], first side minus second, summed over each unit (a statistics set).
        generator: Draws the signs.

    Source: Phipson and Smyth 2010, "Permutation p-values should never be zero".
    """
    units = differences[differences != 0].astype(np.float64)
    observed = abs(units.sum()) - 1e-9 * np.abs(units).sum()  # equal sums may differ by rounding
    if 2 ** len(units) <= NUM_FLIPS:
        signs = np.array(list(product((-1.0, 1.0), repeat=len(units))))
        return float((np.abs(signs @ units) >= observed).mean())
    extreme = sum(
        int((np.abs(_random_signs(len(units), generator) @ units) >= observed).sum())
        for _ in range(NUM_FLIPS // _CHUNK)
    )
    return (extreme + 1) / (NUM_FLIPS + 1)


_CHUNK = 250
"""Sign patterns that lie in memory at once; divides NUM_FLIPS."""


def _random_signs(num_units: int, generator: np.random.Generator) -> NDArray[np.float64]:
    return np.where(generator.random((_CHUNK, num_units)) < 0.5, -1.0, 1.0)


def paired_test(
    difference: NDArray[np.float64], units: Units, *, generator: np.random.Generator
) -> float:
    """Return the two-sided p value of a zero mean difference: sign flips of whole units.

    Where sets of two sizes cross no unit can be flipped alone; there it is Student's t.

    Args:
        difference: [N], first side minus second, of each image.
        units: Units of the N images.
        generator: Draws the signs.
    """
    if len(units.starts) > 1:
        return float(student_test(difference, units))
    return sign_flip_test(np.add.reduceat(difference, units.starts[0]), generator=generator)


def adjust_holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p values that hold for all tests of one comparison together.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    adjusted = np.empty(len(p_values), dtype=np.float64)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
