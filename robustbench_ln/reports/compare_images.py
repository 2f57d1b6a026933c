"""Which images only one of two modes gets right, by their position in the data set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_ln.reports.compare import Pair
from robustbench_ln.spec import Condition

__all__ = ["OnlyRight", "find_only_right", "images_frame"]


class OnlyRight(NamedTuple):
    """The images that one side alone gets right under a condition.

    Attributes:
        condition: The condition.
        first: Positions of those that A gets right, in the data set, in their order.
        second: Likewise for B.
    """

    condition: Condition
    first: NDArray[np.int64]
    second: NDArray[np.int64]


def find_only_right(pair: Pair) -> Iterator[OnlyRight]:
    """Yield both sides' images, condition by condition.

    Raises:
        RecordError: A file of predictions is gone.
    """
    conditions = [*pair.cells]
    index = pair.first.read_predictions(conditions[0]).image_index  # the same for all
    sides = [mode.side(conditions).correct for mode in pair.modes]
    for condition, first, second in zip(conditions, *sides, strict=True):
        yield OnlyRight(condition, np.sort(index[first & ~second]), np.sort(index[second & ~first]))


def images_frame(pairs: Iterable[Pair]) -> pd.DataFrame:
    """Return a row for each image and condition that only one side gets right."""
    rows = [
        {"first": pair.first.key, "second": pair.second.key}
        | found.condition.to_json()
        | {"image_index": int(image), "only_right": side}
        for pair in pairs
        for found in find_only_right(pair)
        for side, images in (("A", found.first), ("B", found.second))
        for image in images
    ]
    names = ["first", "second", *_condition_names(), "image_index", "only_right"]
    return pd.DataFrame(rows, columns=names)


def _condition_names() -> list[str]:
    return [*Condition(corruption="clean", severity=0.0).to_json()]
