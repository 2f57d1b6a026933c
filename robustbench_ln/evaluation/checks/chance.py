"""Clean accuracy against chance."""

from __future__ import annotations

from collections.abc import Sequence

from robustbench_ln.errors import setting
from robustbench_ln.evaluation.checks.clean_cell import CleanCell
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, passed, warning
from robustbench_ln.metrics.intervals import wilson_interval

__all__ = ["check_chance", "largest_by_chance"]

NAME = "chance"

FEWEST_IMAGES = 50

LARGEST_LIMIT = 0.4
"""Twice chance says nothing of two to four classes; below 40 % their labels are exchanged."""


SMALLEST_CONFIDENCE = 0.4
"""Mean probability of the predicted classes below which a network says itself that it guesses."""


def check_chance(
    cells: Sequence[CleanCell], *, is_settled: bool = True, excuse: str | None = None
) -> CheckResult:
    """Warn of modes whose clean accuracy is at most twice that of guessing.

    A network that was hardly trained guesses indeed. It is not warned of where its norm layers show
    that; nor where its probabilities say so, unless it is worse than guessing.

    Args:
        cells: Cells of the modes that may be judged.
        is_settled: Whether running statistics come from the training; if not, modes that use them
            guess by right.
        excuse: Why the network may guess; see `describe_little_training`.
    """
    if excuse is not None:
        return not_applicable(NAME, f"the network may guess: {excuse}")
    cells = [
        cell
        for cell in cells
        if cell.total >= FEWEST_IMAGES
        and cell.num_scored > 1
        and (is_settled or cell.mode not in ("bn", "plain"))
    ]
    if not cells:
        return not_applicable(NAME, f"no mode to judge, or fewer than {FEWEST_IMAGES} images")
    limit = largest_by_chance(cells[0].num_scored)
    low = [cell for cell in cells if _is_low(cell, limit)]
    numbers = {cell.mode: cell.accuracy for cell in cells} | {"limit": limit}
    numbers |= {f"confidence of {cell.mode}": cell.confidence for cell in cells}
    if not low:
        return passed(NAME, "clean accuracy is above chance", **numbers)
    said = ", ".join(f"{cell.mode} {cell.accuracy:.1%}" for cell in low)
    is_running = {cell.mode for cell in low} <= {"bn", "plain"} and len(low) < len(cells)
    reasons = (
        "the running statistics are not those of the training, so take the modes that do not use "
        "them"
        if is_running
        else "look for labels in another order of classes (of a folder: "
        f"{setting('class_map')}), for another {setting('normalize')}, or for weights that are not "
        "trained yet"
    )
    return warning(
        NAME,
        f"clean accuracy is that of guessing ({said}; {cells[0].num_scored} classes): {reasons}",
        **numbers,
    )


def largest_by_chance(num_classes: int) -> float:
    """Return twice the accuracy of guessing, at most 0.4.

    >>> largest_by_chance(10), largest_by_chance(2)
    (0.2, 0.4)
    """
    return min(2 / num_classes, LARGEST_LIMIT)


def _is_low(cell: CleanCell, limit: float) -> bool:
    high = wilson_interval(cell.correct, cell.total).high
    is_sure = cell.confidence > max(limit, SMALLEST_CONFIDENCE) or high < 1 / cell.num_scored
    return high <= limit and is_sure
