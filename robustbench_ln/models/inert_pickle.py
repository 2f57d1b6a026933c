"""Reading a pickle without importing what it names: tensors and plain values, the rest is inert.

A pickle is a program. Here it may call the few functions below, which make tensors and numbers;
every other class or function of the file becomes an `Inert`, which takes what unpickling gives it
and does nothing.
"""

from __future__ import annotations

import pickle
import re
import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

__all__ = ["Inert", "InertUnpickler"]

_PLAIN_MODULES = frozenset(
    {
        "abc", "argparse", "array", "collections", "copyreg", "dataclasses", "datetime", "decimal",
        "enum", "fractions", "functools", "ipaddress", "logging", "numbers", "pathlib", "random",
        "re", "string", "time", "typing", "uuid", "zoneinfo",
    }
)  # fmt: skip
"""Modules of the standard library whose objects lie beside weights."""

_PLAIN_NAMES = re.compile(
    r"builtins\.(list|dict|tuple|set|frozenset|int|long|float|bool|str|unicode|bytes|bytearray|"
    r"complex|slice|range|xrange|object|type|NoneType|Ellipsis|\w+(Error|Exception|Warning))"
    r"|types\.(SimpleNamespace|MappingProxyType|NoneType|GenericAlias|UnionType)"
    r"|torch\.(device|layout|per_\w+|memory_format|Generator|_C\.Generator|torch_version\.TorchVersion)"
    r"|torch\.(serialization\._get_layout|(optim|distributed|amp|cuda\.amp|utils\.data)\..*)"
    r"|torch\.((_utils|_tensor)\._rebuild_\w+|_utils\.torch\.(channels_last|\w+_format))"
    r"|numpy\.(dtype|ndarray|matrix|(_?core\.(multiarray|numeric)|ma|dtypes|random)\..*)"
    r"|numpy\.(bool_?|str_|bytes_|u?int\d+|float\d+|complex\d+)"
)
_GUARDED = sys.stdlib_module_names | {"builtins", "torch", "numpy"}
"""Packages whose other names are functions that act, not data."""

_STORAGES = {
    "Double": torch.float64, "Float": torch.float32, "Half": torch.float16,
    "BFloat16": torch.bfloat16, "Long": torch.int64, "Int": torch.int32, "Short": torch.int16,
    "Char": torch.int8, "Byte": torch.uint8, "Bool": torch.bool, "Untyped": torch.uint8,
    "ComplexFloat": torch.complex64, "ComplexDouble": torch.complex128, "QInt8": torch.int8,
    "QUInt8": torch.uint8, "QInt32": torch.int32,
}  # fmt: skip
"""Name of a storage class, without "Storage" -> type of its values."""


class Inert(dict[Any, Any]):
    """Stands for an object of any class of the file; keeps its entries and does nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()

    def __call__(self, *_: object, **__: object) -> Inert:
        """Return another one."""
        return Inert()

    def _ignore(self, *_: object) -> None:
        """Take whatever unpickling gives."""

    append = extend = add = _ignore
    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__
    __ne__ = object.__ne__


class _DType(Inert):
    """A dtype of NumPy's: its code, as in "f4"."""

    def __init__(self, code: object = "", *_: object) -> None:
        super().__init__()
        self.code, self.order = code, "<"


def _scalar(dtype: object = None, value: object = b"") -> object:
    """Return a plain number or text of NumPy's as Python's; anything else is inert."""
    if isinstance(dtype, _DType) and isinstance(value, bytes | str) and value:
        content = value.encode("latin-1") if isinstance(value, str) else value
        code = f"{dtype.order}{dtype.code}"
        if re.fullmatch(r"[<>]([biuf][1248]|f16|U\d{1,4})", code):
            kind = np.dtype(code)
            if kind.itemsize == len(content):
                return np.frombuffer(content, kind)[0].item()
    return Inert()


def _encode(text: object = "", encoding: object = "latin1") -> object:
    """Return bytes, which protocol 2 writes as text. Other encodings would make them grow."""
    is_plain = isinstance(text, str) and str(encoding).replace("-", "") == "latin1"
    return str(text).encode("latin-1") if is_plain else Inert()


def _ordered(items: Iterable[Any] = ()) -> OrderedDict[Any, Any]:
    """Return a dictionary, of the pairs that Python 2 wrote."""
    pairs = items if isinstance(items, list | tuple) else []
    return OrderedDict((p[0], p[1]) for p in pairs if len(p) == 2 and isinstance(p[0], str))


def _rebuild(storage: Tensor, offset: int, size: Any, stride: Any, *_: object) -> Tensor:
    return storage.as_strided(tuple(size), tuple(stride), offset)  # torch checks the bounds


def _rebuild_v3(
    storage: Tensor, offset: int, size: Any, stride: Any, _grad: object, _hooks: object,
    dtype: torch.dtype, *_: object,
) -> Tensor:  # fmt: skip
    return storage.view(dtype).as_strided(tuple(size), tuple(stride), offset)


def _keep_data(data: Tensor, *_: object) -> Tensor:
    return data


def _rebuild_subclass(function: object, _kind: object, arguments: Any, *_: object) -> object:
    known = callable(function) and function in _FUNCTIONS.values()
    return function(*arguments) if known else Inert()  # type: ignore[operator]


def _quantised(*_: object) -> Tensor:
    return torch._empty_affine_quantized([0], scale=1.0, zero_point=0, dtype=torch.qint8)


_FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "_codecs.encode": _encode,
    "collections.OrderedDict": _ordered,
    "numpy._core.multiarray.scalar": _scalar,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.dtype": _DType,
    "torch.Size": tuple,
    "torch._tensor._rebuild_from_type_v2": _rebuild_subclass,
    "torch._utils._rebuild_meta_tensor_no_storage": lambda *_: torch.empty(0, device="meta"),
    "torch._utils._rebuild_parameter": _keep_data,
    "torch._utils._rebuild_parameter_with_state": _keep_data,
    "torch._utils._rebuild_qtensor": _quantised,
    "torch._utils._rebuild_sparse_tensor": lambda *_: torch.empty(0).to_sparse(),
    "torch._utils._rebuild_tensor": _rebuild,
    "torch._utils._rebuild_tensor_v2": _rebuild,
    "torch._utils._rebuild_tensor_v3": _rebuild_v3,
    "torch.nn.parameter.Parameter": _keep_data,
}
"""What is called for a name. Tensors that no network takes are stand-ins, which are refused."""


class InertUnpickler(pickle._Unpickler):
    """Unpickles one object. Python's own unpickler with its imports and its pitfalls taken out.

    Args:
        stream: Stream, at the beginning of the pickle.
        load_storage: Called with a persistent id, (class, key, location, size, ...) of a storage,
            whose class is a dtype; returns its values, flat.

    Attributes:
        code: Names of functions that act; nothing was called.
        foreign: Names of classes that are neither plain values nor tensors.
    """

    stack: list[Any]
    append: Callable[[Any], None]
    read: Callable[[int], bytes]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, stream: IO[bytes], load_storage: Callable[..., Tensor]) -> None:
        super().__init__(stream, encoding="latin-1")
        self._load_storage = load_storage
        self.code: set[str] = set()
        self.foreign: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        """Return one of our functions, a dtype, or a class of inert objects."""
        module, name = NAME_MAPPING.get((module, name), (module, name))
        module = IMPORT_MAPPING.get(module, module)
        full = f"{module}.{name}"
        package = module.partition(".")[0]
        if full in _FUNCTIONS:
            return _FUNCTIONS[full]
        if package == "torch" and name.removesuffix("Storage") in _STORAGES:
            return _STORAGES[name.removesuffix("Storage")]
        if module == "torch" and isinstance(getattr(torch, name, None), torch.dtype):
            return getattr(torch, name)
        if full == "builtins.getattr":
            return self._getattr
        if package in _PLAIN_MODULES or _PLAIN_NAMES.fullmatch(full):
            return type("Inert", (Inert,), {})
        is_layer = module.startswith("torch.nn.")
        (self.code if package in _GUARDED and not is_layer else self.foreign).add(full)
        return type("Inert", (Inert,), {})

    def _getattr(self, target: object = None, *_: object) -> type[Inert]:
        """Stand for a class within a class, which old protocols write so."""
        if not (isinstance(target, type) and issubclass(target, Inert)):
            self.code.add("builtins.getattr")
        return type("Inert", (Inert,), {})

    def persistent_load(self, pid: Any) -> Any:
        """Return a storage, or the class that stands for one in the file."""
        kind, storage_type, *rest = pid
        if kind in ("module", b"module"):  # a class with its source code, before torch 1.6
            return storage_type
        if kind not in ("storage", b"storage") or not isinstance(storage_type, torch.dtype):
            raise pickle.UnpicklingError("a persistent id that is not a storage")
        return self._load_storage(storage_type, *rest)

    def _build(self) -> None:
        """Drop the state of an object; that of a dtype says its byte order."""
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, _DType) and isinstance(state, tuple) and len(state) > 1:
            target.order = ">" if state[1] == ">" else "<"

    def _set_items(self) -> None:
        items = self.pop_mark()
        target = self.stack[-1]
        for key, value in zip(items[::2], items[1::2], strict=True):
            _set_item(target, key, value)

    def _set_one(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _set_item(self.stack[-1], key, value)

    def _drop_items(self) -> None:
        self.pop_mark()

    def _make_inert(self) -> None:
        self.pop_mark()
        self.append(Inert())

    def _make_dict(self) -> None:
        items = self.pop_mark()
        made: dict[Any, Any] = {}
        for key, value in zip(items[::2], items[1::2], strict=True):
            _set_item(made, key, value)
        self.append(made)

    def _read_bytearray(self) -> None:
        size = int.from_bytes(self.read(8), "little")
        self.append(self.read(size))

    dispatch: ClassVar[dict[int, Any]] = {
        **pickle._Unpickler.dispatch,
        pickle.BUILD[0]: _build,
        pickle.SETITEM[0]: _set_one,
        pickle.SETITEMS[0]: _set_items,
        pickle.DICT[0]: _make_dict,
        pickle.ADDITEMS[0]: _drop_items,
        pickle.FROZENSET[0]: _make_inert,
        pickle.BYTEARRAY8[0]: _read_bytearray,
    }


def _set_item(target: Any, key: object, value: object) -> None:
    """Put an entry into a dictionary. Only plain keys: hashing others may not come to an end."""
    if not isinstance(target, dict):
        raise pickle.UnpicklingError("entries for what is no dictionary")
    if isinstance(key, bytes):
        key = key.decode("latin-1")
    if isinstance(key, str | int | float | None):
        target[key] = value
