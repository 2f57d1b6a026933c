"""Nothing that a pickle names is imported or called."""

from __future__ import annotations

import argparse
import collections
import copyreg
import datetime
import fractions
import io
import os
import pathlib
import pickle
import random
import types
from typing import Any

import numpy as np
import pytest
import torch

from robustbench_ln.models.inert_pickle import Inert, InertUnpickler


def read(content: bytes) -> tuple[Any, InertUnpickler]:
    unpickler = InertUnpickler(io.BytesIO(content), lambda *_: torch.empty(0))
    return unpickler.load(), unpickler


class _Anything:
    """Stands for every class and function: it takes all arguments and does nothing."""

    def __new__(cls, *_: object) -> _Anything:
        return super().__new__(cls)


class _Recorder(pickle.Unpickler):
    """Notes what find_class is asked for, and goes on with a harmless class."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self.names: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.names.add(f"{module}.{name}")
        return _Anything


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    "saved",
    [
        [os.mkdir, os.rmdir, os.mkdir],
        ["posix", "mkdir", os.remove, ["os", os.listdir]],
        [os.system, eval, exec, open, torch.load, torch.hub.load, np.load, io.open_code],
    ],
)
def test_functions_that_act_are_named(saved: object, protocol: int) -> None:
    content = pickle.dumps(saved, protocol)
    recorder = _Recorder(io.BytesIO(content))
    recorder.load()
    loaded, unpickler = read(content)
    python_3 = {name.replace("__builtin__", "builtins") for name in recorder.names}
    assert unpickler.code == python_3
    assert unpickler.foreign == set()
    assert all(isinstance(each, str | list) or issubclass(each, Inert) for each in loaded)


PLAIN = {
    "namespace": argparse.Namespace(lr=0.1),
    "simple": types.SimpleNamespace(a=1),
    "array": np.arange(4.0),
    "strings": np.array(["a", "b"]),
    "objects": np.array([{}, []], dtype=object),
    "state of NumPy": np.random.RandomState(0).get_state(),
    "RandomState": np.random.RandomState(0),
    "Generator": np.random.default_rng(0),
    "state of Python": random.Random(0).getstate(),
    "defaultdict": collections.defaultdict(list, a=[1]),
    "counter": collections.Counter("aab"),
    "deque": collections.deque([1, 2]),
    "range": range(3),
    "slice": slice(3),
    "set": {1, 2},
    "frozenset": frozenset({1}),
    "bytearray": bytearray(b"x"),
    "complex": 1j,
    "date": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
    "delta": datetime.timedelta(1),
    "path": pathlib.PurePosixPath("a/b"),
    "fraction": fractions.Fraction(1, 3),
    "classes": [dict, list, int, float, str, collections.OrderedDict],
    "device": torch.device("cpu"),
    "error": ValueError("x"),
    "paths as keys": {pathlib.PurePosixPath("a"): 1},
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("case", PLAIN)
def test_plain_values_are_inert_and_hide_nothing(case: str, protocol: int) -> None:
    loaded, unpickler = read(pickle.dumps({"it": PLAIN[case], "after": 3}, protocol))
    assert loaded["after"] == 3
    assert (unpickler.code, unpickler.foreign) == (set(), set())


SCALARS = [
    np.float64(0.5), np.float32(0.5), np.float16(0.5), np.longdouble(0.5), np.uint8(3),
    np.int64(-3), np.uint64(2**63), np.bool_(True), np.str_("x"), np.int16(7),
    np.frombuffer(b"\0\x05", ">i2")[0],
]  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: s.dtype.str)
def test_scalars_of_numpy_are_pythons(scalar: Any, protocol: int) -> None:
    loaded, _ = read(pickle.dumps(scalar, protocol))
    assert loaded == scalar
    assert type(loaded) in (bool, int, float, str) or scalar.dtype.itemsize == 16


class Theirs:
    class Inner:
        pass


@pytest.mark.parametrize("protocol", [2, 4])
def test_classes_of_others_are_inert_and_named(protocol: int) -> None:
    saved = [Theirs(), Theirs.Inner(), torch.nn.Linear(1, 1)]
    with_tensors = io.BytesIO()
    pickle.dump(saved[:2], with_tensors, protocol)
    loaded, unpickler = read(with_tensors.getvalue())
    assert all(isinstance(each, Inert) for each in loaded)
    assert f"{__name__}.Theirs" in unpickler.foreign
    assert unpickler.code == set()


def test_entries_of_a_dictionary_of_anybodys_class_are_kept() -> None:
    loaded, _ = read(pickle.dumps(collections.defaultdict(list, a=[1], b=[2]), 2))
    assert dict(loaded) == {"a": [1], "b": [2]}


def test_old_and_rare_opcodes() -> None:
    assert read(b"(ios\nsystem\n.")[1].code == {"os.system"}
    copyreg.add_extension("os", "system", 77)
    try:
        assert read(b"\x80\x02\x82\x4d.")[1].code == {"os.system"}
    finally:
        copyreg.remove_extension("os", "system", 77)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02K\x01)R.",  # a call of a number
        b"\x80\x02X\x01\0\0\0aQ.",  # a storage that is a text
        b"\x80\x02]K\x00K\x01s.",  # entries for a list
    ],
)
def test_what_torch_save_does_not_write_fails(content: bytes) -> None:
    loaded = None
    with pytest.raises(Exception, match="."):  # the caller takes whatever a pickle raises
        loaded, _ = read(content)
    assert loaded is None


def test_encodings_that_make_bytes_grow_are_not_run() -> None:
    call = b"\x80\x02c_codecs\nencode\nX\x02\0\0\0abX\x03\0\0\0hex\x86R."
    assert read(call)[0] == {}


def test_deep_tuples_are_never_hashed() -> None:
    """hash() of a tuple in a tuple in a tuple ... ends the process."""
    content = b"\x80\x02}" + b")" + b"\x85" * 10**6 + b"K\x01s."
    assert read(content)[0] == {}
    assert read(b"\x80\x04\x8f(" + b")" + b"\x85" * 10**6 + b"\x90.")[0] == set()
    assert read(b"\x80\x04(" + b")" + b"\x85" * 10**6 + b"\x91.")[0] == {}
