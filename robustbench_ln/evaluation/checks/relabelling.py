"""Clean accuracy if the classes were numbered otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import setting
from robustbench_ln.evaluation.checks.clean_cell import CleanCell
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, passed, warning

__all__ = ["best_relabelling", "check_relabelling", "relabelled_accuracy"]

NAME = "relabelling"

FEWEST_PER_CLASS = 5

SMALLEST_GAIN = 0.20
"""Right networks gain 0 to 2 points, also untrained ones; two exchanged classes of ten gain 18,
three 27, all of them 90."""


def check_relabelling(cells: Sequence[CleanCell]) -> CheckResult:
    """Warn where another numbering of the classes gives far better accuracy."""
    cells = [cell for cell in cells if cell.total >= FEWEST_PER_CLASS * cell.num_classes]
    if not cells:
        return not_applicable(NAME, f"no mode to judge, or fewer than {FEWEST_PER_CLASS} images a "
                              "class")  # fmt: skip
    highest = max(cell.accuracy for cell in cells)
    if min(cell.accuracy for cell in cells) > 0.5:  # no need to search, and to import SciPy
        return passed(NAME, "no numbering can double the accuracy", accuracy=highest)
    best = max(cells, key=lambda cell: relabelled_accuracy(cell) - cell.accuracy)
    accuracy, relabelled = best.accuracy, relabelled_accuracy(best)
    numbers = {"accuracy": accuracy, "relabelled": relabelled}
    if relabelled - accuracy <= SMALLEST_GAIN or relabelled < 2 * accuracy:
        return passed(NAME, "no other numbering of the classes is much better", **numbers)
    return warning(
        NAME,
        f"clean accuracy of {best.mode} is {accuracy:.1%}, and {relabelled:.1%} if the classes of "
        f"the images were numbered otherwise ({_describe(best)}): the labels are not in the order "
        "of the network's classes. Renumber them; of a folder, with "
        f"{setting('class_map')}",
        **numbers,
    )


def best_relabelling(cell: CleanCell) -> NDArray[np.int64]:
    """Return [K]: the network's class for each label, one to one, that gives most correct images.

    Labels without images keep what is left.
    """
    return _assign(cell.labels, cell.class_index, cell.num_classes)


def relabelled_accuracy(cell: CleanCell) -> float:
    """Return the accuracy under the best relabelling, found on the one half, counted on the other.

    Counted on the images that it was found on, it would flatter a network that guesses.
    """
    is_even = np.arange(cell.total) % 2 == 0
    correct = 0
    for half in (is_even, ~is_even):
        chosen = _assign(cell.labels[half], cell.class_index[half], cell.num_classes)
        correct += int((chosen[cell.labels[~half]] == cell.class_index[~half]).sum())
    return correct / cell.total


def _assign(
    labels: NDArray[np.int64], class_index: NDArray[np.int32], num_classes: int
) -> NDArray[np.int64]:
    from scipy.optimize import linear_sum_assignment  # 0.3 s, and few runs come here

    confusion = np.zeros((num_classes, num_classes))
    np.add.at(confusion, (labels, class_index), 1)
    confusion[np.diag_indices(num_classes)] += 0.5  # of equal numberings the one that is given
    return linear_sum_assignment(confusion, maximize=True)[1].astype(np.int64)


def _describe(cell: CleanCell) -> str:
    chosen = best_relabelling(cell)
    shifts = np.unique((chosen - np.arange(len(chosen))) % len(chosen))
    if len(shifts) == 1:
        return f"all labels are off by {min(int(shifts[0]), len(chosen) - int(shifts[0]))}"
    moved = np.flatnonzero(
        (chosen != np.arange(len(chosen))) & np.isin(range(len(chosen)), cell.labels)
    )
    first = ", ".join(f"{label} is the network's {chosen[label]}" for label in moved[:3])
    return f"label {first}{', ...' if len(moved) > 3 else ''}"
