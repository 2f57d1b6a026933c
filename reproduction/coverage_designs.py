"""The simulated experiments of `coverage.py`: what is measured, and the truth to be held."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reproduction.percentile_bootstrap import bootstrap_bounds
from reproduction.simulated_sets import (
    SET_SPREAD,
    Side,
    classes_in_sets,
    failing_sets,
    right_under_conditions,
)
from robustbench_ln.metrics.corruption_error import (
    ErrorSums,
    mean_corruption_error,
    relative_mean_corruption_error,
)
from robustbench_ln.metrics.curves import (
    break_even_bounds,
    break_even_sigma,
    half_accuracy_bounds,
    half_accuracy_sigma,
)
from robustbench_ln.metrics.intervals import Bounds, wilson_interval
from robustbench_ln.metrics.ratio_bounds import (
    mean_corruption_error_bounds,
    relative_mean_corruption_error_bounds,
)
from robustbench_ln.metrics.student import difference_bounds, mean_bounds
from robustbench_ln.metrics.units import find_units
from robustbench_ln.rng import stream

__all__ = ["DESIGNS", "SET_SIZE"]

SET_SIZE = 128

Floats = NDArray[np.float64]
Generator = np.random.Generator
Shape = tuple[int, int]
"""Simulations and images."""


_SIGMAS = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
_FALLING = [0.9, 0.85, 0.7, 0.5, 0.35, 0.2]
_FLATTER = [0.84, 0.8, 0.74, 0.62, 0.5, 0.4]
"""Curves of accuracy over sigma."""


class Draw(NamedTuple):
    """Intervals of some simulated data sets, by method, and what they should hold."""

    bounds: Mapping[str, Bounds]
    truth: float


Design = Callable[[Shape, Generator], Draw]
"""All methods see the same data."""


def _both(
    new: Bounds,
    old: Callable[[Floats], Floats],
    values: Floats,
    generator: Generator,
    unit_size: int = SET_SIZE,
) -> dict[str, Bounds]:
    before = bootstrap_bounds(old, values, unit_size, generator)
    return {"percentile bootstrap": before, "Student's t": new}


def mean_design(accuracy: float, *, spread: float = SET_SPREAD, missing: int = 0) -> Design:
    """One accuracy; the last set lacks some images."""

    def draw(shape: Shape, generator: Generator) -> Draw:
        side = Side([accuracy], SET_SIZE, spread)
        whole = shape[0], shape[1] - missing
        (right,) = right_under_conditions([side], shape=whole, generator=generator)
        return _mean_draw(right, accuracy, generator)

    return draw


def pooled_design(shape: Shape, generator: Generator) -> Draw:
    """The mean accuracy over the six sigmas of a curve."""
    side = Side(_FALLING, SET_SIZE, SET_SPREAD)
    (right,) = right_under_conditions([side], shape=shape, generator=generator)
    new = mean_bounds(right.mean(axis=1), find_units(shape[1], [SET_SIZE]))
    bounds = _both(new, lambda means: means.mean(axis=-1), right, generator)
    return Draw(bounds, float(np.mean(_FALLING)))


def failing_design(shape: Shape, generator: Generator) -> Draw:
    """One accuracy: 0.9, but 0.2 in one set of ten."""
    right = failing_sets(0.9, 0.2, shape=shape, set_size=SET_SIZE, generator=generator)
    return _mean_draw(right[:, None].astype(float), 0.83, generator)


def _mean_draw(right: Floats, accuracy: float, generator: Generator) -> Draw:
    new = mean_bounds(right[:, 0], find_units(right.shape[-1], [SET_SIZE]))
    return Draw(_both(new, lambda means: means[..., 0], right, generator), accuracy)


def difference_design(
    accuracies: tuple[float, float], sizes: tuple[int, int] = (SET_SIZE, SET_SIZE)
) -> Design:
    """Two accuracies on the same images; images in sets of 1 have nothing in common."""

    def draw(shape: Shape, generator: Generator) -> Draw:
        sides = [
            Side([accuracy], size, SET_SPREAD if size > 1 else 0.0)
            for accuracy, size in zip(accuracies, sizes, strict=True)
        ]
        first, second = right_under_conditions(sides, shape=shape, generator=generator)
        units = find_units(shape[1], sizes)
        new = difference_bounds(first[:, 0], second[:, 0], units)
        bounds = _both(
            new, lambda means: means[..., 0], first - second, generator, math.lcm(*sizes)
        )
        return Draw(bounds, accuracies[0] - accuracies[1])

    return draw


def failing_difference_design(shape: Shape, generator: Generator) -> Draw:
    """0.9, but 0.2 in one set of ten, minus 0.85 without sets."""
    first = failing_sets(0.9, 0.2, shape=shape, set_size=SET_SIZE, generator=generator)
    second = generator.random(shape) < 0.85
    new = difference_bounds(first, second, find_units(shape[1], [SET_SIZE, 1]))
    values = (first.astype(float) - second)[:, None]
    return Draw(_both(new, lambda means: means[..., 0], values, generator), 0.83 - 0.85)


def half_sigma_design(shape: Shape, generator: Generator) -> Draw:
    """The sigma at half of the clean accuracy."""
    side = Side(_FALLING, SET_SIZE, SET_SPREAD)
    (right,) = right_under_conditions([side], shape=shape, generator=generator)
    new = half_accuracy_bounds(_SIGMAS, right, find_units(shape[1], [SET_SIZE]))
    bounds = _both(new, lambda means: half_accuracy_sigma(_SIGMAS, means), right, generator)
    return Draw(bounds, float(half_accuracy_sigma(_SIGMAS, np.array(_FALLING))))


def break_even_design(shape: Shape, generator: Generator) -> Draw:
    """The sigma at which the flatter curve overtakes."""
    sides = [Side(curve, SET_SIZE, SET_SPREAD) for curve in (_FALLING, _FLATTER)]
    first, second = right_under_conditions(sides, shape=shape, generator=generator)
    new = break_even_bounds(_SIGMAS, first, second, find_units(shape[1], [SET_SIZE]))
    bounds = _both(
        new,
        lambda means: break_even_sigma(_SIGMAS, means[..., :6], means[..., 6:]),
        np.concatenate([first, second], axis=1),
        generator,
    )
    return Draw(bounds, float(break_even_sigma(_SIGMAS, np.array(_FALLING), np.array(_FLATTER))))


def corruption_design(*, is_relative: bool, is_measured: bool) -> Design:
    """MCE or relative mCE, against published errors or those of a mode without sets.

    One latent number of an image for each corruption and the clean image, which counts for the
    five severities.
    """
    errors = _corruption_errors(clean=0.12, steps=0.06)
    others = _corruption_errors(clean=0.08, steps=0.08)
    bounds_of = (
        relative_mean_corruption_error_bounds if is_relative else mean_corruption_error_bounds
    )
    number_of = relative_mean_corruption_error if is_relative else mean_corruption_error

    def split(wrong: Floats) -> ErrorSums:  # [..., 16]: clean comes last
        return ErrorSums(wrong[..., :15], wrong[..., 15] / 5)

    def draw(shape: Shape, generator: Generator) -> Draw:
        sides = [Side(1 - errors, SET_SIZE, SET_SPREAD), Side(1 - others, 1, 0.0)]
        right = right_under_conditions(sides[: 1 + is_measured], shape=shape, generator=generator)
        wrong = [5 - counts for counts in right]
        published = split(others.sum(axis=1))
        images = [split(np.moveaxis(counts, 1, -1)) for counts in wrong]
        units = find_units(shape[1], [SET_SIZE])
        new = bounds_of(images[0], images[1] if is_measured else published, units)

        def old(means: Floats) -> Floats:
            base = split(means[..., 16:]) if is_measured else published
            return number_of(split(means[..., :16]), base)

        bounds = _both(new, old, np.concatenate(wrong, axis=1), generator)
        return Draw(bounds, float(number_of(split(errors.sum(axis=1)), published)))

    return draw


def _corruption_errors(*, clean: float, steps: float) -> Floats:
    """Return [16, 5]: 15 corruptions of different strength, and the clean images."""
    strength = np.linspace(0.5, 1.8, 15)[:, None]
    corrupted = clean + steps * strength * np.arange(1, 6)
    return np.concatenate([corrupted, np.full((1, 5), clean)])


def wilson_design(*, is_ordered: bool) -> Design:
    """One accuracy of a mode with batch statistics; Wilson's interval takes images for independent.

    The truth is itself simulated: it depends on how many classes meet in a set.
    """
    source = partial(classes_in_sets, set_size=SET_SIZE, is_ordered=is_ordered)

    @cache
    def truth(num_images: int) -> float:
        generator = stream(14, "truth", num_images)
        return float(source(shape=(1000, num_images), generator=generator).mean())

    def draw(shape: Shape, generator: Generator) -> Draw:
        right = source(shape=shape, generator=generator)
        ends = np.array([wilson_interval(int(row.sum()), shape[1]) for row in right])
        new = mean_bounds(right, find_units(shape[1], [SET_SIZE]))
        return Draw({"Wilson": Bounds(*ends.T), "Student's t": new}, truth(shape[1]))

    return draw


def _designs() -> Iterator[tuple[str, str, Design]]:
    for accuracy in (0.3, 0.5, 0.7, 0.9, 0.98):
        yield "mean", f"{accuracy}", mean_design(accuracy)
    yield "mean", "0.7, the last set half as large", mean_design(0.7, missing=63)
    yield "mean", "0.7, sets that do not matter", mean_design(0.7, spread=0.0)
    yield "mean", "mean over six sigmas, 0.9 to 0.2", pooled_design
    yield "mean", "0.9, but 0.2 in one set of ten", failing_design
    for one, other in ((0.3, 0.4), (0.5, 0.6), (0.7, 0.8), (0.9, 0.85), (0.98, 0.97)):
        yield "difference", f"{one} - {other}", difference_design((one, other))
    design = difference_design((0.8, 0.7), (SET_SIZE, 1))
    yield "difference", "0.8 - 0.7, the latter without sets", design
    yield "difference", "0.9, but 0.2 in one set of ten, - 0.85", failing_difference_design
    for size in (10, 100):
        design = difference_design((0.8, 0.7), (SET_SIZE, size))
        yield "crossing", f"0.8 - 0.7, sets of {SET_SIZE} and of {size}", design
    for name, relative in (("mCE", False), ("relative mCE", True)):
        for baseline, measured in (("published", False), ("measured", True)):
            design = corruption_design(is_relative=relative, is_measured=measured)
            yield "summary", f"{name}, {baseline} baseline", design
    yield "summary", "sigma at half of the clean accuracy", half_sigma_design
    yield "summary", "break-even sigma", break_even_design
    yield "wilson", "images in random order", wilson_design(is_ordered=False)
    yield "wilson", "images class by class", wilson_design(is_ordered=True)


DESIGNS = {(table, case): design for table, case, design in _designs()}
"""(table, case) -> the experiment."""
