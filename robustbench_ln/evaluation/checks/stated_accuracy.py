"""Clean accuracy against what the checkpoint or its publisher states."""

from __future__ import annotations

from collections.abc import Sequence

from robustbench_ln.errors import setting
from robustbench_ln.evaluation.checks.clean_cell import CleanCell
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, passed, warning
from robustbench_ln.metrics.intervals import wilson_interval
from robustbench_ln.models.stated_accuracy import StatedAccuracy

__all__ = ["check_stated_accuracy"]

NAME = "stated_accuracy"

SMALLEST_GAP = 0.05
"""Between what is stated and the upper end of the 99 % interval."""


def check_stated_accuracy(cells: Sequence[CleanCell], stated: StatedAccuracy | None) -> CheckResult:
    """Warn where the best mode is clearly below what is stated."""
    if stated is None:
        return not_applicable(NAME, "nobody states an accuracy")
    if not cells:
        return not_applicable(NAME, "no mode to judge")
    best = max(cells, key=lambda cell: cell.accuracy)
    high = wilson_interval(best.correct, best.total, confidence=0.99).high
    numbers = {"accuracy": best.accuracy, "upper": high, "stated": stated.accuracy}
    if high >= stated.accuracy - SMALLEST_GAP:
        return passed(NAME, f"clean accuracy is as {stated.source} states", **numbers)
    return warning(
        NAME,
        f"clean accuracy of {best.mode} is {best.accuracy:.1%} (99 % interval up to {high:.1%}), "
        f"{stated.source} states {stated.accuracy:.1%}: look for other data, another "
        f"{setting('normalize')}, another scale of pictures ({setting('resize')}, "
        f"{setting('crop')}), or image files of lower quality",
        **numbers,
    )
