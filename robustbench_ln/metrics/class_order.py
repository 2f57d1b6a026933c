"""Class-ordered test images: with them a statistics set holds one class, and accuracy is off.

Wilson's interval does not hold there: sets are neither independent nor alike. No torch here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["is_class_ordered"]

_SHARE = 0.7


def is_class_ordered(labels: NDArray[np.int64], set_size: int) -> bool:
    """Whether sets of consecutive images hold far fewer classes than a random order would give.

    Args:
        labels: [N] in the order of evaluation.
        set_size: Images that share statistics.

    Returns:
        True where the mean number of distinct labels in a set is below 70 % of its expectation
        for a random order, sum over classes of 1 - (1 - share of the class)^set_size.
    """
    if set_size < 2 or len(labels) < 2 * set_size:
        return False
    whole = len(labels) // set_size * set_size
    sets = np.sort(labels[:whole].reshape(-1, set_size), axis=1)
    distinct = 1 + (np.diff(sets, axis=1) != 0).sum(axis=1)
    shares = np.bincount(labels) / len(labels)
    expected = (1 - (1 - shares) ** set_size).sum()
    return bool(distinct.mean() < _SHARE * expected)
