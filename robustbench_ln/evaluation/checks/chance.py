"""Clean accuracy against chance."""

from __future__ import annotations

from collections.abc import Sequence

from robustbench_ln.evaluation.checks.clean_cell import CleanCell
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, passed, warning
from robustbench_ln.metrics.intervals import wilson_interval

__all__ = ["check_chance", "largest_by_chance"]

NAME = "chance"

FEWEST_IMAGES = 50

LARGEST_LIMIT = 0.4
"""Twice chance says nothing of two to four classes; below 40 % their labels are exchanged."""


def check_chance(cells: Sequence[CleanCell]) -> CheckResult:
    """Warn of modes whose clean accuracy is at most twice that of guessing."""
    cells = [cell for cell in cells if cell.total >= FEWEST_IMAGES and cell.num_classes > 1]
    if not cells:
        return not_applicable(NAME, f"no mode to judge, or fewer than {FEWEST_IMAGES} images")
    limit = largest_by_chance(cells[0].num_classes)
    low = [cell for cell in cells if wilson_interval(cell.correct, cell.total).high <= limit]
    numbers = {cell.mode: cell.accuracy for cell in cells} | {"limit": limit}
    if not low:
        return passed(NAME, "clean accuracy is above chance", **numbers)
    said = ", ".join(f"{cell.mode} {cell.accuracy:.1%}" for cell in low)
    reasons = (
        "labels in another order of classes (--class-map for folders), --normalize, or weights of "
        "another network"
        if len(low) == len(cells)
        else "running statistics that are not the training's"
    )
    return warning(
        NAME,
        f"clean accuracy is that of guessing ({said}; {cells[0].num_classes} classes): look for "
        f"{reasons}",
        **numbers,
    )


def largest_by_chance(num_classes: int) -> float:
    """Return twice the accuracy of guessing, at most 0.4.

    >>> largest_by_chance(10), largest_by_chance(2)
    (0.2, 0.4)
    """
    return min(2 / num_classes, LARGEST_LIMIT)
