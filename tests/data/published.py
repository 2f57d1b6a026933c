"""Small files in the published formats of CIFAR and MNIST."""

from __future__ import annotations

import gzip
import pickle
import struct

import numpy as np

from robustbench_ln.data import DataOptions, load_images

ROWS = np.random.default_rng(0).integers(0, 256, (5, 3072)).astype(np.uint8)
LABELS = [3, 1, 4, 1, 5]


def write_cifar(folder, name="test_batch", key=b"labels", protocol=4, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    batch = {b"data": ROWS, key: LABELS, b"batch_label": b"testing batch"}
    batch |= {k.encode(): v for k, v in changes.items()}
    (folder / name).write_bytes(pickle.dumps(batch, protocol=protocol))


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def write_idx(folder, pixels, ending=""):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (("images-idx3", pixels), ("labels-idx1", np.array(LABELS))):
        content = idx(array)
        path = folder / f"t10k-{name}-ubyte{ending}"
        path.write_bytes(gzip.compress(content) if ending else content)


def load(source: str):
    return load_images(source, DataOptions())
