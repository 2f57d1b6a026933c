"""The two formats of torch.save, read without torch.load: a zip archive and a row of pickles.

Every number in a file that says how much memory to take is held against the file first.
"""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import IO, NamedTuple

import torch
from torch import Tensor

from robustbench_ln.files.regular_files import open_regular
from robustbench_ln.models.inert_pickle import InertUnpickler

__all__ = ["Unpickled", "check_sums", "read_archive", "read_legacy"]

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_BLOCK = 2**20


class Unpickled(NamedTuple):
    """What a file holds.

    Attributes:
        saved: The object, with `Inert` in place of whatever is neither tensor nor plain value.
        code: Names of functions that the file would run.
        foreign: Names of other classes than those of tensors and plain values.
    """

    saved: object
    code: tuple[str, ...]
    foreign: tuple[str, ...]


def check_sums(archive: zipfile.ZipFile) -> None:
    """Read every entry against its CRC-32, unless torch was told to write none.

    Raises:
        zipfile.BadZipFile: The content of an entry is not what was written.
    """
    entries = archive.infolist()
    if not any(entry.CRC for entry in entries):  # torch.serialization.set_crc32_options(False)
        return
    for entry in entries:
        with archive.open(entry) as stream:
            while stream.read(_BLOCK):
                pass


def read_archive(path: Path) -> Unpickled:
    """Read a zip archive of torch.save. A damaged one may raise anything."""
    with open_regular(path) as file, zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            del entry.CRC  # it is checked, by check_sums; some files have none
        names = archive.namelist()
        pickled = next(name for name in names if name.partition("/")[2] == "data.pkl")
        root = pickled.removesuffix("data.pkl")
        is_big = f"{root}byteorder" in names and archive.read(f"{root}byteorder") == b"big"
        storages: dict[str, Tensor] = {}

        def load(dtype: torch.dtype, key: object, *_: object) -> Tensor:
            if str(key) not in storages:
                content = bytearray(archive.read(f"{root}data/{key}"))
                storages[str(key)] = _as_values(content, dtype, is_big=is_big)
            return storages[str(key)]

        with archive.open(pickled) as stream:
            return _unpickle(InertUnpickler(stream, load))


def _as_values(content: bytearray, dtype: torch.dtype, *, is_big: bool) -> Tensor:
    if not content:
        return torch.empty(0, dtype=dtype)
    if is_big:
        size = torch.empty(0, dtype=dtype).element_size()
        swapped = torch.frombuffer(content, dtype=torch.uint8).view(-1, size).flip(1)
        return swapped.contiguous().view(-1).view(dtype)
    return torch.frombuffer(content, dtype=dtype)


def read_legacy(path: Path) -> Unpickled:
    """Read a file of torch before 1.6: magic number, protocol, system, object, keys, then bytes.

    A single pickle, which torch.save never wrote, is read for the names in it. A damaged file may
    raise anything.
    """
    size = path.stat().st_size
    storages: dict[str, Tensor] = {}

    def load(dtype: torch.dtype, key: object, _place: object, num: int, *view: object) -> Tensor:
        flat = storages.get(str(key))
        if flat is None:
            if not 0 <= num * torch.empty(0, dtype=dtype).element_size() <= size:
                raise EOFError("a storage is longer than the file")
            flat = storages[str(key)] = torch.empty(num, dtype=dtype)
        part = view[0] if view else None
        if isinstance(part, tuple):  # (key, offset, length) of a view, which torch 0.3 wrote
            return flat[part[1] : part[1] + part[2]]
        return flat

    with open_regular(path) as file:
        read = _unpickle(InertUnpickler(file, load))
        if read.saved != _LEGACY_MAGIC:
            if read.code or read.foreign:
                return read
            raise ValueError("not written by torch.save")
        _unpickle(InertUnpickler(file, load))
        system = _unpickle(InertUnpickler(file, load)).saved
        read = _unpickle(InertUnpickler(file, load))
        keys = _unpickle(InertUnpickler(file, load)).saved
        is_big = isinstance(system, dict) and system.get("little_endian") is False
        for key in keys if isinstance(keys, list) else []:
            _fill(storages[str(key)], file, is_big=is_big)
    return read


def _fill(storage: Tensor, file: IO[bytes], *, is_big: bool) -> None:
    count = int.from_bytes(file.read(8), "big" if is_big else "little")
    content = bytearray(file.read(storage.numel() * storage.element_size()))
    if count != storage.numel() or len(content) != count * storage.element_size():
        raise EOFError("a storage is cut short")
    storage.copy_(_as_values(content, storage.dtype, is_big=is_big))


def _unpickle(unpickler: InertUnpickler) -> Unpickled:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch comments on stand-ins for quantised tensors
        saved = unpickler.load()
    return Unpickled(saved, tuple(sorted(unpickler.code)), tuple(sorted(unpickler.foreign)))
