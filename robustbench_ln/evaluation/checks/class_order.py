"""Images in the order of their classes, and folders whose names are numbers in another order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.data.folder_names import are_imagenet_numbers, are_misordered_numbers
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import setting
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, passed, warning
from robustbench_ln.metrics.class_order import is_class_ordered

__all__ = ["check_class_order", "check_folder_numbers"]

ORDER, FOLDERS = "class_order", "folder_numbers"

_UNASKED = ("shuffled", "as-is")
"""Orders in which nobody asks for images of one class after another."""


def check_class_order(
    images: ImageSet, indices: NDArray[np.int64], set_sizes: Sequence[int], *, order: str
) -> CheckResult:
    """Warn where sets of consecutive images, or all that are evaluated, hold too few classes.

    Args:
        images: The whole data set.
        indices: [N] the evaluated images, in their order.
        set_sizes: Images that share statistics, of each layout.
        order: Order of the images: one that keeps classes together is not warned of.
    """
    if order not in _UNASKED:
        return not_applicable(ORDER, f"the order {order} was asked for")
    labels = images.labels[indices]
    shares = np.bincount(images.labels) / len(images)
    ordered = [n for n in set_sizes if is_class_ordered(labels, n, shares=shares)]
    if ordered:
        return warning(
            ORDER,
            "the images are in the order of their classes, so that sets hold few classes and "
            f"dynamic statistics tell the class. Use {setting('order', 'shuffled')}",
            set_size=ordered[0],
        )
    if is_class_ordered(labels, len(labels), shares=shares):
        return warning(
            ORDER,
            f"the {len(labels)} images hold {len(np.unique(labels))} of the data's "
            f"{np.count_nonzero(shares)} classes, since the data is in the order of its classes "
            f"and {setting('limit')} keeps the first. Use {setting('order', 'shuffled')}",
        )
    return passed(ORDER, "the evaluated images are a fair choice of the classes")


def check_folder_numbers(images: ImageSet) -> CheckResult:
    """Warn where class folders are named by numbers, and count in the order of text."""
    names = images.class_names
    if images.numbering != "folders":
        return not_applicable(FOLDERS, "the order of folders does not number the classes")
    if not are_misordered_numbers(names):
        return passed(FOLDERS, "the folders' names are not numbers in another order than as text")
    path = images.source.partition(":")[2]
    other = f"; ImageNetV2 is imagenet:{path}" if are_imagenet_numbers(names) else ""
    shown = ", ".join(f"'{name}' is class {index}" for index, name in enumerate(names[:3]))
    return warning(
        FOLDERS,
        f"the class folders are numbered, but classes count in the order of their names as text "
        f"({shown}). That is right for networks trained with torchvision's ImageFolder; else say "
        f"the classes with {setting('class_map', 'FILE')}{other}",
    )
