"""`cifar10:DIR` and `cifar100:DIR`: the published python batches, read without running them.

The batches are pickles of a dictionary of bytes, lists and one array. Only the functions that put
an array together are allowed; a batch that asks for anything else is refused and not run.
"""

from __future__ import annotations

import pickle
import pickletools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np

from robustbench_ln.data.image_set import ArrayImages, Labels, Pixels
from robustbench_ln.data.options import Part
from robustbench_ln.errors import DataError, setting
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.regular_files import open_regular

__all__ = ["load_cifar10", "load_cifar100"]


def _encode_latin1(text: str, _codec: str) -> bytes:
    return text.encode("latin1")


_RECONSTRUCT = np.empty(0).__reduce__()[0]

_ALLOWED: Mapping[tuple[str, str], Any] = MappingProxyType(
    {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,  # as published, NumPy 1
        ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
        ("_codecs", "encode"): _encode_latin1,  # bytes, as Python 3 writes them in protocol 2
    }
)


class _ArrayUnpickler(pickle.Unpickler):
    """Builds arrays and nothing else. No module is imported on a file's word."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        allowed = _ALLOWED.get((module_name, global_name))
        if allowed is None:
            raise _CodeWantedError(f"{module_name}.{global_name}")
        return allowed


class _CodeWantedError(Exception):
    """A pickle asked for something that is no array."""


@dataclass(frozen=True, slots=True)
class _Published:
    """Where a data set keeps its images, and what it calls them."""

    folder: str
    batches: Mapping[Part, tuple[str, ...]]
    labels: bytes
    meta: str
    names: bytes
    num_classes: int


_CIFAR10 = _Published(
    folder="cifar-10-batches-py",
    batches={"test": ("test_batch",), "train": tuple(f"data_batch_{i}" for i in range(1, 6))},
    labels=b"labels",
    meta="batches.meta",
    names=b"label_names",
    num_classes=10,
)
_CIFAR100 = _Published(
    folder="cifar-100-python",
    batches={"test": ("test",), "train": ("train",)},
    labels=b"fine_labels",
    meta="meta",
    names=b"fine_label_names",
    num_classes=100,
)


def load_cifar10(folder: Path, source: str, part: Part = "test") -> ArrayImages:
    """Read the test or the training images of CIFAR-10.

    Raises:
        DataError: A missing, damaged or foreign file; labels that are no classes.
    """
    return _load(folder, source, _CIFAR10, part)


def load_cifar100(folder: Path, source: str, part: Part = "test") -> ArrayImages:
    """Read the test or the training images of CIFAR-100, with their fine labels.

    Raises:
        DataError: A missing, damaged or foreign file; labels that are no classes.
    """
    return _load(folder, source, _CIFAR100, part)


def _load(folder: Path, source: str, published: _Published, part: Part) -> ArrayImages:
    names = published.batches[part]
    inner = folder / published.folder
    base = folder if (folder / names[0]).is_file() else inner
    missing = [name for name in names if not (base / name).is_file()]
    if missing:
        raise DataError(
            f"{folder}: no '{missing[0]}' and no '{published.folder}/{missing[0]}'; expected the "
            f"folder of the published python batches (or add {setting('download', True)})"
        )
    batches = {base / name: _read_batch(base / name) for name in names}
    pixels = [_pixels(batch.get(b"data"), path) for path, batch in batches.items()]
    labels = [_labels(b.get(published.labels), path, published) for path, b in batches.items()]
    return ArrayImages(
        source=source,
        kind=source.partition(":")[0],
        pixels=np.concatenate(pixels),
        labels=np.concatenate(labels),
        class_names=_read_names(base / published.meta, published),
    )


def _read_batch(path: Path) -> dict[bytes, Any]:
    try:
        with open_regular(path) as file:
            _check_memo(file, path.stat().st_size)
            batch = _ArrayUnpickler(file, encoding="bytes").load()
    except _CodeWantedError as error:
        raise DataError(
            f"{path}: refused, since reading it would run {str(error)!r}; the published batches "
            "hold only arrays. Fetch the file again"
        ) from error
    except Exception as error:  # a damaged pickle can raise anything
        raise explain_bad_file(path, "a CIFAR batch in Python's format", error) from error
    if not isinstance(batch, dict):
        raise explain_bad_file(path, "a CIFAR batch in Python's format")
    return batch


def _check_memo(file: BinaryIO, size: int) -> None:
    """Refuse a false number of stored objects, for which Python's reader would make room.

    Raises:
        ValueError: Such a number, or a damaged pickle.
    """
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name.endswith("PUT") and not 0 <= int(argument or 0) <= size:
            raise ValueError(f"object {argument} in a file of {size} bytes")
    file.seek(0)


def _pixels(rows: Any, path: Path) -> Pixels:
    """Return [N, 32, 32, 3] of rows that hold the three planes one after the other.

    Rows that the file does not have, of a pickle that calls `ndarray` itself, are refused.
    """
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.shape[1:] != (3072,):
        raise DataError(
            f"{path}: its 'data' is not a uint8 array [N, 3072]; fetch the batches again"
        )
    if rows.nbytes > path.stat().st_size:
        raise DataError(f"{path}: its 'data' is longer than the file; fetch the batches again")
    return np.ascontiguousarray(rows.reshape(len(rows), 3, 32, 32).transpose(0, 2, 3, 1))


def _labels(labels: Any, path: Path, published: _Published) -> Labels:
    name, most = published.labels.decode(), published.num_classes - 1
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise DataError(f"{path}: its '{name}' is not a list of numbers; fetch the batches again")
    if any(not 0 <= label <= most for label in labels):
        wrong = next(label for label in labels if not 0 <= label <= most)
        raise DataError(
            f"{path}: its '{name}' has a {wrong}; expected 0..{most}. Fetch the batches again"
        )
    return np.array(labels, dtype=np.int64)


def _read_names(path: Path, published: _Published) -> tuple[str, ...]:
    """Return the classes' names, () where the file of names is not beside the batch."""
    if not path.is_file():
        return ()
    names = _read_batch(path).get(published.names)
    if not isinstance(names, list) or not all(isinstance(name, bytes) for name in names):
        raise DataError(
            f"{path}: its '{published.names.decode()}' is not a list of names; delete it, or fetch "
            "the batches again"
        )
    return tuple(name.decode("ascii", "replace") for name in names)
