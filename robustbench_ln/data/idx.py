"""`mnist:DIR` and `fashion-mnist:DIR`: the published IDX files, plain or gzipped."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.data.options import Part
from robustbench_ln.errors import DataError, setting
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.inflation import read_gzip
from robustbench_ln.files.regular_files import read_regular

__all__ = ["load_fashion_mnist", "load_mnist"]

_UNSIGNED_BYTES = 0x08
_PREFIX: Mapping[Part, str] = MappingProxyType({"test": "t10k", "train": "train"})


def load_mnist(folder: Path, source: str, part: Part = "test") -> ArrayImages:
    """Read the test or the training images of MNIST."""
    return _load(folder, source, inner="MNIST/raw", prefix=_PREFIX[part])


def load_fashion_mnist(folder: Path, source: str, part: Part = "test") -> ArrayImages:
    """Read the test or the training images of Fashion-MNIST."""
    return _load(folder, source, inner="FashionMNIST/raw", prefix=_PREFIX[part])


def _load(folder: Path, source: str, *, inner: str, prefix: str) -> ArrayImages:
    """Read PREFIX-images-idx3-ubyte and PREFIX-labels-idx1-ubyte.

    Both data sets use these names: below a folder that holds both, `inner` tells them apart.

    Raises:
        DataError: Missing or damaged files.
    """
    pixels = _read_idx(_find(folder, inner, f"{prefix}-images-idx3-ubyte"), axes=3)
    labels = _read_idx(_find(folder, inner, f"{prefix}-labels-idx1-ubyte"), axes=1)
    return ArrayImages(
        source=source,
        kind=source.partition(":")[0],
        pixels=pixels[..., None],
        labels=labels.astype(np.int64),
    )


def _find(folder: Path, inner: str, name: str) -> Path:
    for place in (folder, folder / "raw", folder / inner):
        for ending in ("", ".gz"):
            candidate = place / (name + ending)
            if candidate.is_file():
                return candidate
    raise DataError(
        f"{folder}: no '{name}' or '{name}.gz', here or in {inner}/; expected the published IDX "
        f"files (or add {setting('download', True)})"
    )


def _read_idx(path: Path, *, axes: int) -> NDArray[Any]:
    """Read an array of unsigned bytes: 0, 0, type, axes, sizes as big-endian uint32, values."""
    expected = f"an IDX file of bytes with {axes} axes"
    try:
        content = read_gzip(path) if path.suffix == ".gz" else read_regular(path)
        zeros, kind, found = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{axes}I", content, 4)
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise explain_bad_file(path, expected, error) from error
    if (zeros, kind, found) != (0, _UNSIGNED_BYTES, axes):
        raise explain_bad_file(path, expected)
    values = np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * axes)
    if values.size != math.prod(shape):
        raise DataError(
            f"{path}: has {values.size} values, its header says {' x '.join(map(str, shape))}; "
            "delete it and fetch it again"
        )
    return values.reshape(shape)
