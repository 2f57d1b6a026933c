"""The file formats of checkpoints. Ordinary reading executes nothing that the file says.

A file is known by its first bytes, not by its name: .pt, .pth, .th and .tar are all used for the
same two formats, torch's zip archive and (before torch 1.6) a sequence of pickles.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open

from robustbench_ln.errors import CheckpointError, by_skin, setting
from robustbench_ln.files.regular_files import open_regular
from robustbench_ln.models.torch_files import Unpickled, check_sums, read_archive, read_legacy

__all__ = ["Contents", "describe_foreign", "read_contents"]

_TRUST = by_skin(
    command_line=f"pass {setting('trust', True)}",
    python="load it yourself and give the network",
)

_OTHER_FORMATS = {
    b"version https://git-lfs": "a Git LFS pointer, not the file itself; run `git lfs pull`",
    b"\x89HDF\r\n": "an HDF5 (Keras) file; export its weights to PyTorch first",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"\x93NUMPY": "a NumPy array, not a PyTorch checkpoint",
}


class Contents(NamedTuple):
    """What a file holds.

    Attributes:
        saved: What was saved; objects of other classes than tensors and plain values are inert.
        metadata: The text metadata of a safetensors header.
        foreign: Names of those classes.
    """

    saved: object
    metadata: dict[str, str | int | float]
    foreign: tuple[str, ...] = ()


def read_contents(path: Path, *, trust: bool) -> Contents:
    """Read a file of any known format onto the CPU.

    Args:
        path: An existing file.
        trust: Whether a pickle may import and run what it names.

    Raises:
        CheckpointError: Another format, a damaged file, or one that needs arbitrary code.
    """
    with open_regular(path) as file:
        head = file.read(512)
    if b"\0" in head[:8] and head[8:9] == b"{":  # a little-endian length, then JSON
        return _load_safetensors(path)
    _refuse_other_formats(head, path)
    if head.startswith(b"PK\x03\x04"):
        _check_archive(path)
        return _load_torch(path, trust=trust)
    if head.startswith(b"\x80"):
        return _load_torch(path, trust=trust)
    raise CheckpointError(
        f"{path}: not a checkpoint: it begins with {head[:8]!r}; expected a file written by "
        "torch.save or safetensors"
    )


def _refuse_other_formats(head: bytes, path: Path) -> None:
    if not head:
        raise CheckpointError(f"{path}: the file is empty; get it again")
    for magic, what in _OTHER_FORMATS.items():
        if head.startswith(magic):
            raise CheckpointError(f"{path}: {what}")
    if head.lstrip().startswith(b"<"):
        raise CheckpointError(
            f"{path}: an HTML or XML page saved as a checkpoint, often a failed download; "
            "get the file itself"
        )
    if head[257:262] == b"ustar":
        raise CheckpointError(f"{path}: a tar archive; unpack it first")


def _check_archive(path: Path) -> None:
    """Demand a zip archive of torch.save, not of TorchScript or anything else."""
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = {name.partition("/")[2] for name in archive.namelist()}
            is_plain = not archive.comment and min(e.header_offset for e in entries) == 0
    except _NO_ARCHIVE as error:
        raise CheckpointError(f"{path}: {_DAMAGED}") from error
    if "constants.pkl" in names:
        raise CheckpointError(
            f"{path}: a TorchScript archive, whose norm layers are fixed; save the original "
            "network's state_dict() instead"
        )
    if "data.pkl" not in names:
        raise CheckpointError(f"{path}: a zip archive, but not one that torch.save wrote")
    if packed := [e for e in entries if e.compress_type or e.file_size != e.compress_size]:
        raise CheckpointError(
            f"{path}: {packed[0].filename!r} in it is compressed, which torch.save never does; "
            "unpack it and save it again with torch.save"
        )
    if not is_plain or sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise CheckpointError(f"{path}: {_DAMAGED}")
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            check_sums(archive)
    except _NO_ARCHIVE as error:
        raise CheckpointError(f"{path}: {_DAMAGED}") from error


_NO_ARCHIVE = (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError)
_DAMAGED = "the file is damaged or truncated; get it again"


def _load_torch(path: Path, *, trust: bool) -> Contents:
    if trust:
        return Contents(_load_trusted(path), {})
    read = _read_inert(path)
    if read.code:
        raise CheckpointError(_refusal(path, read.code))
    return Contents(read.saved, {}, read.foreign)


def _read_inert(path: Path) -> Unpickled:
    """Read tensors and plain values. A damaged pickle may raise anything, as its manual says."""
    try:
        return read_archive(path) if zipfile.is_zipfile(path) else read_legacy(path)
    except Exception as error:
        raise CheckpointError(f"{path}: {_DAMAGED}") from error


def _load_trusted(path: Path) -> object:
    """Run torch.load. It is given an open file: it would take the format from X.safetensors."""
    try:
        with open_regular(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch comments on the pickle's protocol, old types
            return torch.load(file, map_location="cpu", weights_only=False)
    except (ImportError, AttributeError) as error:
        read = _read_inert(path)
        names = ", ".join((*read.code, *read.foreign)) or "classes"
        raise CheckpointError(
            f"{path}: needs {names}, which cannot be imported here ({_first_line(error)}); "
            "put its code on PYTHONPATH"
        ) from error
    except Exception as error:
        raise CheckpointError(f"{path}: {_DAMAGED} ({_first_line(error)})") from error


def _refusal(path: Path, names: Sequence[str]) -> str:
    """Say that a file needs what it names, and that nothing of it was run."""
    return (
        f"{path}: refused, since loading it would run code from the file: it wants "
        f"{_list_names(names)}. Save a state_dict() instead, or {_TRUST} if you trust its author"
    )


def describe_foreign(path: str, names: Sequence[str]) -> str:
    """Say that a file has objects in place of weights: a whole network, as torch.save(model)."""
    return (
        f"{path}: no weights in it, but objects of {_list_names(names)}, whose code would have to "
        "run. Of a whole network, save the weights where its code is: "
        f"torch.save(model.state_dict(), FILE); or {_TRUST} if you trust its author"
    )


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(name if name.isprintable() else repr(name) for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _load_safetensors(path: Path) -> Contents:
    with open_regular(path) as file:
        header_length = int.from_bytes(file.read(8), "little")
    if header_length > path.stat().st_size - 8:
        raise CheckpointError(
            f"{path}: its safetensors header claims {header_length} bytes, but the file has "
            f"{path.stat().st_size}; {_DAMAGED}"
        )
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            saved = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return Contents(saved, dict(file.metadata() or {}))
    except Exception as error:  # an unknown type, a shape that overflows: all sorts are raised
        raise CheckpointError(f"{path}: {_DAMAGED} ({_first_line(error)})") from error


def _first_line(error: Exception) -> str:
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return line if line.isprintable() else repr(line)
