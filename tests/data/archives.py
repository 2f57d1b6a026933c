"""Small .npz archives, and what an archive must not make happen."""

from __future__ import annotations

import numpy as np

from robustbench_ln.data import DataOptions, load_images

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 5, 6, 3)).astype(np.uint8)
LABELS = np.array([0, 2, 1, 0])


def save(path, **arrays):
    np.savez(path, **arrays)
    return f"arrays:{path}"


def load(source: str):
    return load_images(source, DataOptions())


class Touch:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))
