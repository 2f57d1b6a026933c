"""Two modes, or two checkpoints, on the same images: differences, intervals, tests.

A side is what one mode of one run got right. Both sides saw the same corrupted images in the same
order, so that everything is paired, and resampled in units that cut no statistics set of either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.bootstrap import (
    Estimate,
    bootstrap_interval,
    joint_units,
    resample_means,
)
from robustbench_ln.metrics.curves import area_under_curve, break_even_sigma, half_accuracy_sigma
from robustbench_ln.metrics.intervals import Interval
from robustbench_ln.metrics.paired import (
    Discordance,
    adjust_holm,
    count_discordant,
    mcnemar_test,
    sign_flip_test,
)
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """What one mode of one run got right.

    Attributes:
        correct: [cells, N], whether each image was right, in the order of evaluation.
        set_size: Images that shared statistics; 1 where none did.
    """

    correct: NDArray[np.bool_]
    set_size: int


class CellComparison(NamedTuple):
    """One condition.

    Attributes:
        difference: Accuracy of the first side minus the second's, with its interval.
        discordance: Images that only one side got right.
        test: "mcnemar" where images are independent, else "sign-flip" over units.
        p_value: Of that test, two-sided.
        adjusted_p_value: Holm, over the cells of this comparison.
    """

    difference: Estimate
    discordance: Discordance
    test: Literal["mcnemar", "sign-flip"]
    p_value: float
    adjusted_p_value: float


class Pooled(NamedTuple):
    """Several conditions together.

    Attributes:
        difference: Mean difference over them, with its interval.
        p_value: Sign flips over units, of that difference.
    """

    difference: Estimate
    p_value: float


class Comparison(NamedTuple):
    """Two sides over all conditions that both measured.

    Attributes:
        cells: In the order of the sides' rows.
        pooled: Name -> the conditions that were asked for together.
        num_units: Units that were resampled.
    """

    cells: tuple[CellComparison, ...]
    pooled: Mapping[str, Pooled]
    num_units: int


def compare_sides(
    first: Side, second: Side, *, groups: Mapping[str, Sequence[int]], seed: int
) -> Comparison:
    """Compare accuracies cell by cell, and pooled over groups of cells.

    Args:
        first: One side.
        second: The other, of the same cells and images.
        groups: Name -> rows of the cells to pool.
        seed: Of draws and sign flips.

    Raises:
        RecordError: Other cells or images, or all images are one statistics set.
    """
    units = _shared_units(first, second)
    difference = first.correct.astype(np.float64) - second.correct  # [cells, N]
    generator = stream(seed, "compare")
    resampled = resample_means(difference, units, generator=generator)
    num_units = int(units.max()) + 1
    tests = [
        _test(one, other, units, generator)
        for one, other in zip(first.correct, second.correct, strict=True)
    ]
    adjusted = adjust_holm(np.array([p_value for _, p_value in tests]))
    cells = [
        CellComparison(
            Estimate(float(difference[i].mean()), _interval(resampled[:, i], num_units)),
            count_discordant(first.correct[i], second.correct[i]),
            *tests[i],
            float(adjusted[i]),
        )
        for i in range(len(difference))
    ]
    pooled = {}
    for name, rows in groups.items():
        values, chosen = difference[list(rows)].mean(axis=0), resampled[:, list(rows)]
        pooled[name] = Pooled(
            Estimate(float(values.mean()), _interval(chosen.mean(axis=1), num_units)),
            sign_flip_test(np.bincount(units, weights=values), generator=generator),
        )
    return Comparison(tuple(cells), pooled, num_units)


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


def compare_curves(
    sigmas: NDArray[np.float64], first: Side, second: Side, *, seed: int
) -> CurveComparison:
    """Sum up and compare two curves; row i of each side is the noise at `sigmas[i]`.

    Raises:
        RecordError: Other cells or images, no clean cell (sigma 0), sigmas that do not ascend, or
            all images are one statistics set.
    """
    units = _shared_units(first, second)
    correct = np.concatenate([first.correct, second.correct])
    resampled = resample_means(correct, units, generator=stream(seed, "curves"))
    # Row 0 is the measurement itself, so that values and resamples come from one formula.
    accuracy = np.concatenate([correct.mean(axis=1)[None], resampled])  # [1 + R, 2 S]
    one, other = accuracy[:, : len(sigmas)], accuracy[:, len(sigmas) :]

    def estimate(values: NDArray[np.float64]) -> Estimate:
        return Estimate(float(values[0]), _interval(values[1:], int(units.max()) + 1))

    areas = area_under_curve(sigmas, one), area_under_curve(sigmas, other)
    return CurveComparison(
        (estimate(areas[0]), estimate(areas[1])),
        estimate(areas[0] - areas[1]),
        (
            estimate(half_accuracy_sigma(sigmas, one)),
            estimate(half_accuracy_sigma(sigmas, other)),
        ),
        estimate(break_even_sigma(sigmas, one, other)),
    )


def _shared_units(first: Side, second: Side) -> NDArray[np.int64]:
    if first.correct.shape != second.correct.shape:
        raise RecordError(
            f"one side has {first.correct.shape[0]} cells of {first.correct.shape[1]} images, the "
            f"other {second.correct.shape[0]} of {second.correct.shape[1]}; "
            "compare runs of the same images and conditions"
        )
    return joint_units(first.correct.shape[1], [first.set_size, second.set_size])


def _test(
    one: NDArray[np.bool_],
    other: NDArray[np.bool_],
    units: NDArray[np.int64],
    generator: np.random.Generator,
) -> tuple[Literal["mcnemar", "sign-flip"], float]:
    if int(units.max()) + 1 == len(units):
        return "mcnemar", mcnemar_test(count_discordant(one, other))
    sums = np.bincount(units, weights=one.astype(np.float64) - other)
    return "sign-flip", sign_flip_test(sums, generator=generator)


def _interval(resampled: NDArray[np.float64], num_units: int) -> Interval:
    return bootstrap_interval(resampled, num_units=num_units)
