"""The accuracy that a checkpoint's file, or its publisher, states."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["StatedAccuracy", "find_stated_accuracy"]

_NAMES = (
    "validation_accuracy", "val_accuracy", "test_accuracy", "best_accuracy", "accuracy",
    "val_acc", "test_acc", "best_acc", "acc", "best_prec1", "prec1", "best_acc1", "val_acc1",
    "test_acc1", "acc1", "acc@1", "best_top1", "top1", "top1_accuracy",
)  # fmt: skip
"""What training scripts call it in the files they save; the first one that is there counts."""


class StatedAccuracy(NamedTuple):
    """What somebody says that the network is right for.

    Attributes:
        accuracy: Share of clean test images, 0..1.
        source: Who says so.
    """

    accuracy: float
    source: str


def find_stated_accuracy(
    metadata: Mapping[str, str | int | float], source: str
) -> StatedAccuracy | None:
    """Return the accuracy among the numbers beside a checkpoint's weights; None if there is none.

    Numbers above 1 are percent.

    >>> find_stated_accuracy({"epoch": 164, "best_prec1": 91.75}, "resnet20.th")
    StatedAccuracy(accuracy=0.9175, source="resnet20.th (its 'best_prec1')")
    """
    known = {name.lower(): (name, value) for name, value in metadata.items()}
    for name, value in (known[name] for name in _NAMES if name in known):
        accuracy = _as_share(value)
        if accuracy is not None:
            return StatedAccuracy(accuracy, f"{source} (its '{name}')")
    return None


def _as_share(value: str | int | float) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    if isinstance(value, bool) or not (math.isfinite(number) and 0 < number <= 100):
        return None
    return number if number <= 1 else number / 100
