"""A value for other processes: in a file that they map, or in parts that go to other machines.

Images and weights lie in memory once for all processes of a machine.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from pathlib import Path
from types import FunctionType
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import WorkerError, setting
from robustbench_ln.workers.sources import Source, install_sources, own_sources

__all__ = ["Parcel", "find_obstacle", "pack", "read_shared", "unpack", "write_shared"]

_ALIGNMENT = 64
"""Bytes: arrays begin at multiples, as kernels like it."""

_PICKLING_ERRORS = (pickle.PicklingError, AttributeError, TypeError, RuntimeError, ValueError)
"""What `pickle` raises about a value that it cannot take; classes raise what they like."""


class _Pickled(NamedTuple):
    """A value.

    Attributes:
        structure: All but the bytes of its arrays and tensors.
        buffers: Those bytes.
        files: Module -> file, of code that was loaded from a file by its path.
        modules: Names of all modules that it has classes or functions of.
    """

    structure: bytes
    buffers: list[pickle.PickleBuffer]
    files: dict[str, str]
    modules: set[str]


class Parcel(NamedTuple):
    """A value on its way to other machines.

    Attributes:
        structure: All but the bytes of its arrays and tensors.
        buffers: Those bytes, as arrays.
        sources: The user's modules that it needs.
    """

    structure: bytes
    buffers: list[NDArray[np.uint8]]
    sources: dict[str, Source]


def find_obstacle(value: object) -> str | None:
    """Return why a value cannot go to another process, or None where it can."""
    try:
        _pickle(value)
    except _PICKLING_ERRORS as error:
        return " ".join(str(error).split()) or type(error).__name__
    return None


def write_shared(value: object) -> BinaryIO:
    """Write a value into a temporary file without a name, which is gone when nobody has it open.

    It lies in the folder for temporary files, not in /dev/shm, which has 64 MB in containers.

    Raises:
        WorkerError: There is no room, or no such folder.
    """
    structure, buffers, files, _ = _pickle(value)
    places: list[tuple[int, int]] = []
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115  (the caller closes it)
        for content in (*(buffer.raw() for buffer in buffers), memoryview(structure)):
            start = -(-file.tell() // _ALIGNMENT) * _ALIGNMENT
            file.seek(start)
            file.write(content)
            places.append((start, start + len(content)))
        index = pickle.dumps((places, files))
        file.write(index + len(index).to_bytes(8, "little"))
        file.flush()
    except OSError as error:
        raise WorkerError(
            f"no room for what workers share in the folder for temporary files "
            f"({error.strerror}); set TMPDIR to another folder, or give {setting('workers', 1)}"
        ) from error
    return file


def read_shared(descriptor: int) -> Any:
    """Return the value that `write_shared` wrote; its arrays are pages of the file."""
    pages = memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY))
    length = int.from_bytes(pages[-8:], "little")
    (*places, (start, end)), files = pickle.loads(pages[-8 - length : -8])
    if files:
        sys.meta_path.append(_FileFinder(files))
        sys.path += [str(Path(file).parent) for file in files.values()]
    return pickle.loads(pages[start:end], buffers=[pages[a:b] for a, b in places])


def pack(value: object) -> Parcel:
    """Return a value for other machines: mapped files travel by their content.

    Raises:
        WorkerError: A file of the user's code cannot be read.
    """
    structure, buffers, _, modules = _pickle(value, travels=True)
    try:
        sources = own_sources(modules)
    except OSError as error:
        raise WorkerError(f"{error.filename}: cannot be read ({error.strerror})") from error
    return Parcel(structure, [np.frombuffer(each.raw(), np.uint8) for each in buffers], sources)


def unpack(parcel: Parcel) -> Any:
    """Return the value of a parcel; its arrays are those of the parcel, its tensors copies."""
    install_sources(parcel.sources)
    return pickle.loads(parcel.structure, buffers=[each.data for each in parcel.buffers])


def _pickle(value: object, *, travels: bool = False) -> _Pickled:
    content = io.BytesIO()
    buffers: list[pickle.PickleBuffer] = []
    pickler = _Pickler(content, protocol=5, buffer_callback=buffers.append)
    pickler.files, pickler.modules, pickler.travels = {}, set(), travels
    pickler.dump(value)
    return _Pickled(content.getvalue(), buffers, pickler.files, pickler.modules)


class _Pickler(pickle.Pickler):
    """Keeps the bytes of arrays and tensors apart; refuses what another process cannot find.

    Attributes:
        files: See `_Pickled`.
        modules: See `_Pickled`.
        travels: Whether the value goes to machines that have no files of this one.
    """

    files: dict[str, str]
    modules: set[str]
    travels: bool

    def reducer_override(self, value: Any) -> Any:
        """Return how to make a value again."""
        if isinstance(value, type | FunctionType):
            self._note_module(value)
            return NotImplemented
        if isinstance(value, np.memmap) and value.flags.c_contiguous and value.filename:
            return (
                (np.asarray, (np.array(value),)) if self.travels else (_map_again, _place_of(value))
            )
        return _reduce_tensor(value) if "torch" in sys.modules else NotImplemented

    def _note_module(self, value: type | FunctionType) -> None:
        """Note the file of code that no import would find; refuse code that lies in no module."""
        name = value.__module__
        if name == "__main__":
            raise pickle.PicklingError(
                f"'{value.__qualname__}' is defined in the notebook or the program itself"
            )
        self.modules.add(name)
        file = getattr(sys.modules.get(name), "__file__", None)
        is_found = name in sys.builtin_module_names or PathFinder.find_spec(name.partition(".")[0])
        if file is not None and not is_found:
            self.files[name] = str(Path(file).resolve())


class _FileFinder(MetaPathFinder):
    """Finds modules that were loaded from a file by its path, as `--model FILE.py:FUNCTION` is."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Return where a module is."""
        del path, target
        file = self._files.get(fullname)
        return None if file is None else spec_from_file_location(fullname, file)


def _place_of(array: np.memmap[Any, Any]) -> tuple[str, str, tuple[int, ...], int]:
    """Return file, dtype, shape and first byte of a mapped array, or of rows of one."""
    first: int = array.__array_interface__["data"][0]
    pages = np.frombuffer(array._mmap, np.uint8)  # type: ignore[attr-defined]
    mapped_from = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY
    offset = mapped_from + first - pages.__array_interface__["data"][0]
    return os.fspath(Path(str(array.filename)).resolve()), array.dtype.str, array.shape, offset


def _map_again(path: str, dtype: str, shape: tuple[int, ...], offset: int) -> Any:
    return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape)


def _reduce_tensor(value: Any) -> Any:
    """Return how to make a plain tensor again from bytes that lie in the file."""
    import torch

    if type(value) not in (torch.Tensor, torch.nn.Parameter) or value.layout != torch.strided:
        return NotImplemented
    shape, stride = tuple(value.shape), value.stride()
    extent = 1 + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if value.numel() != extent or value.is_quantized or value.is_meta:
        return NotImplemented
    flat = value.detach().as_strided((extent,), (1,)).cpu().view(torch.uint8).numpy()
    is_parameter = isinstance(value, torch.nn.Parameter)
    return _tensor_again, (flat, value.dtype, shape, stride, (is_parameter, value.requires_grad))


def _tensor_again(
    flat: Any, dtype: Any, shape: tuple[int, ...], stride: tuple[int, ...], kind: tuple[bool, bool]
) -> Any:
    import torch

    is_parameter, requires_grad = kind
    writable = flat if flat.flags.writeable else flat.copy()
    tensor = torch.from_numpy(writable).view(dtype).as_strided(shape, stride)
    make: Callable[..., Any] = torch.nn.Parameter
    return make(tensor, requires_grad) if is_parameter else tensor.requires_grad_(requires_grad)
