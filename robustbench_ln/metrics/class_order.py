"""Class-ordered test images: with them a statistics set holds one class, and accuracy is off.

Wilson's interval does not hold there: sets are neither independent nor alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["is_class_ordered"]

_SHARE = 0.7


def is_class_ordered(
    labels: NDArray[np.int64], set_size: int, *, shares: NDArray[np.float64] | None = None
) -> bool:
    """Whether sets of consecutive images hold far fewer classes than a random order would give.

    Args:
        labels: [N] of the evaluated images, in their order.
        set_size: Images that share statistics; N or more is one set of all.
        shares: [K] share of each class in the whole data set, of which N may be a part; None is
            that of `labels`, by which one set of all is never ordered.

    Returns:
        True where the mean number of distinct labels in a set is below 70 % of its expectation
        for a random order, sum over classes of 1 - (1 - share of the class)^set_size.
    """
    set_size = min(set_size, len(labels))
    if set_size < 2:
        return False
    whole = len(labels) // set_size * set_size
    sets = np.sort(labels[:whole].reshape(-1, set_size), axis=1)
    distinct = 1 + (np.diff(sets, axis=1) != 0).sum(axis=1)
    shares = np.bincount(labels) / len(labels) if shares is None else shares
    expected = (1 - (1 - shares) ** set_size).sum()
    return bool(distinct.mean() < _SHARE * expected)
