"""`cifar10:DIR` and `cifar100:DIR`: the published python batches, read without running them.

The batches are pickles of a dictionary of bytes, lists and one array. Only the functions that put
an array together are allowed; a batch that asks for anything else is refused and not run.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from robustbench_ln.data.files import explain_bad_file
from robustbench_ln.data.image_set import ArrayImages, Labels, Pixels, check_labels
from robustbench_ln.errors import DataError

__all__ = ["load_cifar10", "load_cifar100"]

_ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),
}


class _ArrayUnpickler(pickle.Unpickler):
    """Builds arrays and nothing else."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in _ALLOWED:
            raise _CodeWantedError(f"{module_name}.{global_name}")
        return super().find_class(module_name, global_name)


class _CodeWantedError(Exception):
    """A pickle asked for something that is no array."""


def load_cifar10(folder: Path, source: str) -> ArrayImages:
    """Read the 10,000 test images of CIFAR-10 from `test_batch`."""
    batch = _read_batch(_find(folder, "cifar-10-batches-py", "test_batch"))
    names = _read_names(folder, "cifar-10-batches-py", "batches.meta", b"label_names")
    return _image_set(batch, b"labels", names, source=source, kind="cifar10")


def load_cifar100(folder: Path, source: str) -> ArrayImages:
    """Read the 10,000 test images of CIFAR-100 (fine labels) from `test`."""
    batch = _read_batch(_find(folder, "cifar-100-python", "test"))
    names = _read_names(folder, "cifar-100-python", "meta", b"fine_label_names")
    return _image_set(batch, b"fine_labels", names, source=source, kind="cifar100")


def _find(folder: Path, inner: str, name: str) -> Path:
    for candidate in (folder / name, folder / inner / name):
        if candidate.is_file():
            return candidate
    raise DataError(
        f"{folder}: no '{name}' and no '{inner}/{name}'; expected the folder of the published "
        "python batches (or add --download)"
    )


def _read_batch(path: Path) -> dict[bytes, Any]:
    try:
        with path.open("rb") as file:
            batch = _ArrayUnpickler(file, encoding="bytes").load()
    except _CodeWantedError as error:
        raise DataError(
            f"{path}: wants to run '{error}'; the published batches hold arrays alone. It was "
            "not run; fetch the file again"
        ) from error
    except Exception as error:  # a damaged pickle can raise anything
        raise explain_bad_file(path, "a batch of CIFAR in Python's format", error) from error
    if not isinstance(batch, dict):
        raise explain_bad_file(path, "a batch of CIFAR in Python's format")
    return batch


def _read_names(folder: Path, inner: str, name: str, key: bytes) -> tuple[str, ...]:
    try:
        names = _read_batch(_find(folder, inner, name)).get(key, [])
    except DataError:
        return ()  # names are a convenience; test_batch alone is enough
    return tuple(name.decode() for name in names if isinstance(name, bytes))


def _image_set(
    batch: dict[bytes, Any], key: bytes, names: tuple[str, ...], *, source: str, kind: str
) -> ArrayImages:
    rows, labels = batch.get(b"data"), batch.get(key)
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.ndim != 2:
        raise DataError(f"{source}: 'data' is no array of bytes; fetch the batches again")
    if rows.shape[1] != 3072 or not isinstance(labels, list):
        raise DataError(
            f"{source}: images have {rows.shape[1]} values and labels are "
            f"{type(labels).__name__}; expected 3072 and a list '{key.decode()}'"
        )
    pixels: Pixels = np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    classes: Labels = np.array(labels)
    check_labels(classes, len(pixels), source)
    return ArrayImages(
        source=source,
        kind=kind,
        pixels=pixels,
        labels=classes.astype(np.int64),
        class_names=names,
    )
