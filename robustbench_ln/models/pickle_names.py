"""Which names a pickle would import, read from its opcodes. Nothing is executed."""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

import torch

__all__ = ["greedy_names", "wanted_names"]

_TENSOR_NAMES = frozenset(
    {
        "_codecs.encode",
        "argparse.Namespace",
        "builtins.complex",
        "builtins.set",
        "collections.Counter",
        "collections.OrderedDict",
        "numpy._core.multiarray.scalar",
        "numpy.core.multiarray.scalar",
        "numpy.dtype",
        "torch.Size",
        "torch.Tensor",
        "torch.device",
        "torch.nn.parameter.Parameter",
        "torch.serialization._get_layout",
    }
)
_GREEDY_NAMES = frozenset(
    {
        "__builtin__.bytearray",
        "builtins.bytearray",
        "torch._utils._rebuild_device_tensor_from_cpu_tensor",
        "torch._utils._rebuild_device_tensor_from_numpy",
    }
)
"""What torch allows, no network needs, and ten bytes of a pickle can make gigabytes with."""

_TENSOR_PREFIXES = ("torch._utils._rebuild_", "torch._tensor._rebuild_", "numpy.dtypes.")
_LEGACY_PICKLES = 5
"""A legacy file is magic number, protocol, system, object, storage keys; then raw bytes."""


def wanted_names(stream: IO[bytes], *, num_pickles: int = _LEGACY_PICKLES) -> list[str]:
    """List the names outside tensors and plain containers that unpickling would import.

    Args:
        stream: One or more pickles, from its position on. A damaged one ends the list.
        num_pickles: How many to read, if there are as many.

    Returns:
        "module.name", sorted, each once, printable; empty for an ordinary checkpoint.
    """
    names = _imported_names(stream, num_pickles)
    wanted = sorted(name for name in names if not _belongs_to_tensors(name))
    return [name if name.isprintable() else repr(name) for name in wanted]


def greedy_names(stream: IO[bytes], *, num_pickles: int = _LEGACY_PICKLES) -> list[str]:
    """List the names that would let a small pickle take any amount of memory; see `wanted_names`.

    torch's unpickler of plain weights knows fewer opcodes than are read here, and of those it reads
    the same bytes: what it would import is not overlooked.
    """
    return sorted(_imported_names(stream, num_pickles) & _GREEDY_NAMES)


def _imported_names(stream: IO[bytes], num_pickles: int) -> set[str]:
    names: set[str] = set()
    with suppress(ValueError, IndexError, UnicodeError, OverflowError, MemoryError):
        for _ in range(num_pickles):
            names.update(_imports(stream))
    return names


def _imports(stream: IO[bytes]) -> Iterator[str]:
    """Yield what the GLOBAL, INST, STACK_GLOBAL and EXT opcodes of one pickle name."""
    strings: list[str] = []
    memo: dict[object, str] = {}
    for opcode, argument, _ in pickletools.genops(stream):
        name = opcode.name
        if name in ("GLOBAL", "INST"):
            yield str(argument).replace(" ", ".")
        elif name == "STACK_GLOBAL":
            yield ".".join(strings[-2:])
        elif name.startswith("EXT"):
            yield f"copyreg extension {argument}"
        elif isinstance(argument, str):
            strings.append(argument)
        elif name == "MEMOIZE" or name.endswith("PUT"):
            memo[len(memo) if name == "MEMOIZE" else argument] = strings[-1] if strings else ""
        elif name.endswith("GET"):
            strings.append(memo.get(argument, "?"))


def _belongs_to_tensors(name: str) -> bool:
    module, _, last = name.rpartition(".")
    is_storage = module in ("torch", "torch.storage", "torch.cuda") and last.endswith("Storage")
    is_dtype = module == "torch" and isinstance(getattr(torch, last, None), torch.dtype)
    return (
        name in _TENSOR_NAMES | _GREEDY_NAMES
        or name.startswith(_TENSOR_PREFIXES)
        or is_storage
        or is_dtype
    )
