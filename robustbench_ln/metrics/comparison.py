"""Two modes, or two checkpoints, on the same images: differences, intervals, tests.

A side is what one mode of one run got right. Both sides saw the same corrupted images in the same
order, so that everything is paired. Units are those of both sides' statistics sets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.curves import (
    area_under_curve,
    break_even_bounds,
    break_even_sigma,
    half_accuracy_bounds,
    half_accuracy_sigma,
)
from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.metrics.paired import (
    Discordance,
    adjust_holm,
    count_discordant,
    mcnemar_test,
    paired_test,
)
from robustbench_ln.metrics.student import difference_bounds, mean_bounds
from robustbench_ln.metrics.units import Units, find_units
from robustbench_ln.rng import stream

__all__ = [
    "CellComparison",
    "Comparison",
    "CurveComparison",
    "Pooled",
    "Side",
    "compare_curves",
    "compare_sides",
]


Floats = NDArray[np.float64]
Outcomes = Floats | NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """What one mode of one run got right.

    Attributes:
        correct: [cells, N], whether each image was right, in the order of evaluation.
        set_size: Images that shared statistics; 1 where none did.
    """

    correct: NDArray[np.bool_]
    set_size: int


Test = Literal["mcnemar", "sign-flip", "student-t"]


class CellComparison(NamedTuple):
    """One condition.

    Attributes:
        difference: Accuracy of the first side minus the second's, with its interval.
        discordance: Images that only one side got right.
        test: "mcnemar" where images are units, else "sign-flip" of units, or "student-t" where sets
            of two sizes cross.
        p_value: Two-sided p value of that test.
        adjusted_p_value: Holm, over the cells of this comparison.
    """

    difference: Estimate
    discordance: Discordance
    test: Test
    p_value: float
    adjusted_p_value: float


class Pooled(NamedTuple):
    """Several conditions together.

    Attributes:
        difference: Mean difference over them, with its interval.
        p_value: Two-sided p value of no difference: sign flips of units, or Student's t.
    """

    difference: Estimate
    p_value: float


class Comparison(NamedTuple):
    """Two sides over all conditions that both measured.

    Attributes:
        cells: Comparisons in the order of the sides' rows.
        pooled: Name -> the conditions that were asked for together.
        units: Units of the images, and of the statistics sets of both sides.
    """

    cells: tuple[CellComparison, ...]
    pooled: Mapping[str, Pooled]
    units: Units


def compare_sides(
    first: Side, second: Side, *, groups: Mapping[str, Sequence[int]], seed: int
) -> Comparison:
    """Compare accuracies cell by cell, and pooled over groups of cells.

    Args:
        first: One side.
        second: The other, of the same cells and images.
        groups: Name -> rows of the cells to pool.
        seed: Seed of draws and sign flips.

    Raises:
        RecordError: Other cells or images.
    """
    units = _shared_units(first, second)
    generator = stream(seed, "compare")
    differences = _difference(first.correct, second.correct, units)
    tests = [
        _test(one, other, units, generator)
        for one, other in zip(first.correct, second.correct, strict=True)
    ]
    adjusted = adjust_holm(np.array([p_value for _, p_value in tests]))
    cells = [
        CellComparison(
            difference,
            count_discordant(first.correct[i], second.correct[i]),
            *tests[i],
            float(adjusted[i]),
        )
        for i, difference in enumerate(differences)
    ]
    pooled = {}
    for name, rows in groups.items():
        one, other = (side.correct[list(rows)].mean(axis=0) for side in (first, second))  # [N]
        (difference,) = _difference(one[None], other[None], units)
        p_value = paired_test(one - other, units, generator=generator)
        pooled[name] = Pooled(difference, p_value)
    return Comparison(tuple(cells), pooled, units)


class CurveComparison(NamedTuple):
    """Two accuracy-sigma curves. A sigma is inf where it lies beyond the measured range.

    Attributes:
        areas: Mean accuracy over the range of sigma, of either side.
        area_difference: First minus second.
        half_sigmas: Where accuracy has fallen to half of the clean one, of either side.
        break_even: Where the side that was lower overtakes the other.
    """

    areas: tuple[Estimate, Estimate]
    area_difference: Estimate
    half_sigmas: tuple[Estimate, Estimate]
    break_even: Estimate


def compare_curves(sigmas: Floats, first: Side, second: Side) -> CurveComparison:
    """Sum up and compare two curves; row i of each side is the noise at `sigmas[i]`.

    Raises:
        RecordError: Other cells or images, no clean cell (sigma 0), or sigmas that do not ascend.
    """
    units = _shared_units(first, second)
    outcomes = first.correct, second.correct  # [S, N] each
    accuracies = [correct.mean(axis=1) for correct in outcomes]
    areas = [
        area_under_curve(sigmas, correct.T.astype(np.float64)) for correct in outcomes
    ]  # [N] each
    one, other = (Estimate(float(area.mean()), mean_bounds(area, units).pick()) for area in areas)
    half_one, half_other = (
        Estimate(
            float(half_accuracy_sigma(sigmas, accuracy)),
            half_accuracy_bounds(sigmas, correct, units).pick(),
        )
        for accuracy, correct in zip(accuracies, outcomes, strict=True)
    )
    (area_difference,) = _difference(areas[0][None], areas[1][None], units)
    break_even = Estimate(
        float(break_even_sigma(sigmas, *accuracies)),
        break_even_bounds(sigmas, *outcomes, units).pick(),
    )
    return CurveComparison((one, other), area_difference, (half_one, half_other), break_even)


def _shared_units(first: Side, second: Side) -> Units:
    if first.correct.shape != second.correct.shape:
        raise RecordError(
            f"one side has {first.correct.shape[0]} cells of {first.correct.shape[1]} images, the "
            f"other {second.correct.shape[0]} of {second.correct.shape[1]}; "
            "compare runs of the same images and conditions"
        )
    return find_units(first.correct.shape[1], [first.set_size, second.set_size])


def _difference(first: Outcomes, second: Outcomes, units: Units) -> list[Estimate]:
    """Return the difference of each row of outcomes, [rows, N]."""
    values = first.mean(axis=1) - second.mean(axis=1)
    bounds = difference_bounds(first, second, units)
    return [Estimate(float(value), bounds.pick(i)) for i, value in enumerate(values)]


def _test(
    one: NDArray[np.bool_],
    other: NDArray[np.bool_],
    units: Units,
    generator: np.random.Generator,
) -> tuple[Test, float]:
    if units.are_images:
        return "mcnemar", mcnemar_test(count_discordant(one, other))
    p_value = paired_test(one - other.astype(np.float64), units, generator=generator)
    return "sign-flip" if len(units.starts) == 1 else "student-t", p_value
