"""Whatever bytes a checkpoint has: a CheckpointError of one line, or the very weights."""

from __future__ import annotations

import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save
from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import Checkpoint, fitting, load_weights, read_checkpoint
from tests.fuzz.effort import properties

few = properties("checkpoints")


def tiny_network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def _state() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    state = tiny_network().state_dict()
    return {
        name: torch.rand(tensor.shape, generator=generator).to(tensor.dtype)
        for name, tensor in state.items()
    }


def _torch_bytes(saved: object, *, is_zip: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(saved, buffer, _use_new_zipfile_serialization=is_zip)
    return buffer.getvalue()


GOOD = {
    "zip": _torch_bytes({"state_dict": _state(), "epoch": 3}, is_zip=True),
    "legacy": _torch_bytes({"state_dict": _state(), "epoch": 3}, is_zip=False),
    "safetensors": save(_state(), metadata={"epoch": "3"}),
}
formats = st.sampled_from(sorted(GOOD))
suffixes = st.sampled_from([".pt", ".th", ".tar", ".safetensors", ".txt", ""])


@pytest.fixture(autouse=True)
def _no_search_for_the_nearest_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying every known network takes half a second an example."""
    monkeypatch.setattr(fitting, "describe_nearest", lambda _: "")


def read_or_refuse(path: Path) -> Checkpoint | None:
    """Read and fit; None where that was refused properly."""
    try:
        checkpoint = read_checkpoint(path)
        load_weights(checkpoint, tiny_network(), name="tiny")
    except CheckpointError as error:
        message = str(error)
    else:
        return checkpoint
    assert message.isprintable()
    assert str(path) in message
    return None


def assert_is_good(checkpoint: Checkpoint | None) -> None:
    assert checkpoint is not None
    assert set(checkpoint.state) == set(_state())
    assert all(torch.equal(checkpoint.state[name], t) for name, t in _state().items())


@few
@given(kind=formats, suffix=suffixes)
def test_the_name_of_a_file_does_not_matter(tmp_path: Path, kind: str, suffix: str) -> None:
    path = tmp_path / f"net{suffix}"
    path.write_bytes(GOOD[kind])
    assert_is_good(read_or_refuse(path))


@pytest.mark.parametrize("kind", GOOD)
def test_every_truncation_is_refused(tmp_path: Path, kind: str) -> None:
    """At each of the first and last bytes, where headers lie, and at 60 places between."""
    good = GOOD[kind]
    places = {*range(40), *range(len(good) - 40, len(good)), *range(40, len(good), len(good) // 60)}
    path = tmp_path / "net.pt"
    for length in sorted(places):
        path.write_bytes(good[:length])
        assert read_or_refuse(path) is None, length


@few
@given(kind=formats, place=st.floats(0, 1, exclude_max=True), garbage=st.binary(min_size=1))
def test_damaged_bytes(tmp_path: Path, kind: str, place: float, garbage: bytes) -> None:
    start = int(place * len(GOOD[kind]))
    path = tmp_path / "net.pt"
    path.write_bytes(GOOD[kind][:start] + garbage + GOOD[kind][start + len(garbage) :])
    read_or_refuse(path)


@few
@given(content=st.binary(max_size=400), magic=st.sampled_from([b"", b"\x80\x02", b"PK\x03\x04"]))
def test_random_bytes_are_refused(tmp_path: Path, content: bytes, magic: bytes) -> None:
    path = tmp_path / "net.pt"
    path.write_bytes(magic + content)
    assert read_or_refuse(path) is None


@few
@given(header=st.binary(max_size=80), length=st.integers(0, 2**64 - 1) | st.none())
def test_random_safetensors_headers(tmp_path: Path, header: bytes, length: int | None) -> None:
    path = tmp_path / "net.safetensors"
    size = len(header) + 1 if length is None else length
    path.write_bytes(struct.pack("<Q", size) + b"{" + header)
    assert read_or_refuse(path) is None


names = st.sampled_from(sorted(_state())) | st.text(max_size=12) | st.just("a\nb\x1b[2J")


@few
@given(renamed=names, name=names, is_nested=st.booleans())
def test_renamed_keys_are_refused(tmp_path: Path, renamed: str, name: str, is_nested: bool) -> None:
    state = _state()
    if renamed in state:
        state[name] = state.pop(renamed)
    path = tmp_path / "net.pt"
    torch.save({name: state, "epoch": 1} if is_nested else state, path)
    checkpoint = read_or_refuse(path)
    if checkpoint is not None:
        missing = set(_state()) - set(checkpoint.state)
        assert missing <= {"1.num_batches_tracked"}
        assert set(checkpoint.state) <= set(_state())


class Code:
    """Unpickling this calls `function` on `argument`."""

    def __init__(self, function: Any, argument: str) -> None:
        self.call = function, (argument,)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


functions = st.sampled_from(
    [os.mkdir, os.system, open, exec, eval, getattr, torch.load, os.listdir]
)


@few
@given(
    function=functions,
    where=st.sampled_from(["top", "beside", "in the state", "name of a tensor"]),
    writer=st.sampled_from(["zip", "legacy", "pickle 2", "pickle 4", "pickle 5"]),
)
def test_code_is_refused_and_never_run(
    tmp_path: Path, function: Any, where: str, writer: str
) -> None:
    ran = tmp_path / "ran"
    code = Code(function, f"{'mkdir ' if function is os.system else ''}{ran}")
    saved: object = {
        "top": code,
        "beside": {"state_dict": _state(), "extra": code},
        "in the state": {**_state(), "weight": code},
        "name of a tensor": {"epoch": [{"a": (code,)}], "net": _state()},
    }[where]
    path = tmp_path / "net.pt"
    if writer.startswith("pickle"):
        path.write_bytes(pickle.dumps(saved if where == "top" else code, int(writer[-1])))
    else:
        path.write_bytes(_torch_bytes(saved, is_zip=writer == "zip"))
    with pytest.raises(CheckpointError, match="refused, since loading it would run code"):
        read_checkpoint(path)
    assert not ran.exists()
