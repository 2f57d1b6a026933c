"""The names a pickle imports, against what Python's own unpickler asks for."""

from __future__ import annotations

import copyreg
import fractions
import io
import os
import pickle
from typing import Any

import pytest
import torch

from robustbench_ln.models.pickle_names import wanted_names


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


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "saved",
    [
        [os.mkdir, os.rmdir, os.mkdir],
        ["posix", "mkdir", os.remove, ["os", os.listdir]],
        {"fraction": fractions.Fraction(1, 3), "class": io.BytesIO, "dict": dict},
        [1, 2.5, "text", b"bytes", None],
    ],
)
def test_names_are_those_that_unpickling_looks_up(saved: object, protocol: int) -> None:
    content = pickle.dumps(saved, protocol)
    recorder = _Recorder(io.BytesIO(content))
    recorder.load()
    harmless = {"_codecs.encode"}
    assert wanted_names(io.BytesIO(content)) == sorted(recorder.names - harmless)


def test_all_five_pickles_of_a_legacy_file_are_read() -> None:
    content = b"".join(pickle.dumps(value, 2) for value in (1, 2, 3, 4, os.mkdir, os.rmdir))
    assert wanted_names(io.BytesIO(content)) == [f"{os.mkdir.__module__}.mkdir"]


def test_old_and_rare_opcodes() -> None:
    assert wanted_names(io.BytesIO(b"(ios\nsystem\n.")) == ["os.system"]
    copyreg.add_extension("os", "system", 77)
    try:
        assert wanted_names(io.BytesIO(b"\x80\x02\x82\x4d.")) == ["copyreg extension 77"]
    finally:
        copyreg.remove_extension("os", "system", 77)


def test_a_damaged_pickle_ends_the_list() -> None:
    content = pickle.dumps([os.mkdir, "x" * 100], 2)
    assert wanted_names(io.BytesIO(content[:-50])) == [f"{os.mkdir.__module__}.mkdir"]
    assert wanted_names(io.BytesIO(b"")) == []


def test_names_are_printable() -> None:
    assert wanted_names(io.BytesIO(b"\x80\x04\x8c\x03a\nb\x8c\x01c\x93.")) == [r"'a\nb.c'"]


@pytest.mark.parametrize("name", ["torch.load", "torch.hub.load", "torch.nn.Linear", "numpy.load"])
def test_code_of_torch_and_numpy_is_not_harmless(name: str) -> None:
    module, _, function = name.rpartition(".")
    assert wanted_names(io.BytesIO(f"\x80\x02c{module}\n{function}\n.".encode("latin-1"))) == [name]


def test_tensors_want_nothing() -> None:
    buffer = io.BytesIO()
    saved = {
        "weight": torch.nn.Parameter(torch.ones(2, dtype=torch.bfloat16)),
        "dtype": torch.float16,
        "size": torch.Size([3]),
    }
    torch.save(saved, buffer, _use_new_zipfile_serialization=False)
    buffer.seek(0)
    assert wanted_names(buffer) == []
