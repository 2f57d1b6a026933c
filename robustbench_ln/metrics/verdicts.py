"""What an interval decides, and what is said where there is none."""

from __future__ import annotations

from typing import Literal

from robustbench_ln.metrics.intervals import Interval
from robustbench_ln.metrics.units import MIN_UNITS, MIN_VERDICT_UNITS, Units

__all__ = ["Verdict", "lack_sentence", "units_sentence", "verdict"]

Verdict = Literal["ahead", "behind", "undecided"]


def verdict(difference: Interval | None, num_units: int) -> Verdict:
    """Return what the interval of a difference decides.

    Nothing where there is no interval, or fewer than `MIN_VERDICT_UNITS` units: the test beside it
    could not decide either.
    """
    if difference is None or num_units < MIN_VERDICT_UNITS:
        return "undecided"
    return "ahead" if difference.low > 0 else "behind" if difference.high < 0 else "undecided"


def units_sentence(units: Units) -> str:
    """Return what the intervals of a table rest on: how many units, and what one is.

    >>> from robustbench_ln.metrics.units import find_units
    >>> units_sentence(find_units(1000, [128]))
    "Intervals: Student's t on 8 statistics sets of 128 images."
    """
    if units.are_images:
        return f"Intervals: Student's t on {_count(units.num_units, 'image')}."
    sizes = " and of ".join(map(str, units.set_sizes))
    if len(units.set_sizes) == 1:
        sets = _count(units.num_units, "statistics set")
        return f"Intervals: Student's t on {sets} of {sizes} images."
    counts = " and ".join(str(len(starts)) for starts in units.starts)
    return f"Intervals: Student's t on {counts} statistics sets of {sizes} images, which cross."


def lack_sentence(units: Units, num_available: int | None, *, is_of_cells: bool = False) -> str:
    """Return why there is no interval, or no verdict, and what would help; "" where nothing lacks.

    Args:
        units: Units of the images that were evaluated.
        num_available: Images that the data set has; None where that is not known.
        is_of_cells: Whether the intervals are Wilson's, which single cells always have.
    """
    lacks_interval = units.num_units < MIN_UNITS and not is_of_cells
    wanted = MIN_UNITS if lacks_interval else MIN_VERDICT_UNITS
    if units.num_units >= wanted:
        return ""
    what = "No interval" if wanted == MIN_UNITS else "No verdict"
    have = _count(units.num_units, "image" if units.are_images else "statistics set")
    return f"{what}: {have}, {wanted} are needed; {_remedies(units, wanted, num_available)}."


def _remedies(units: Units, wanted: int, num_available: int | None) -> str:
    """Return the remedies that can help. The last set counts from half its size on."""
    most_images = (2 * units.num_images) // (2 * wanted - 1)  # of a set
    least = -(-(2 * wanted - 1) * max(units.set_sizes) // 2)  # images
    remedies = []
    if num_available is None or num_available >= least:
        remedies.append(f"evaluate at least {least} images")
    if not units.are_images and most_images >= 1:
        remedies.append(f"use sets of at most {most_images} images")
    return " or ".join(remedies) or f"the data set has no more than {num_available}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
