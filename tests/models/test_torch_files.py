"""Files of torch.save, read without torch.load, are what torch.load reads."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.serialization import set_crc32_options

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import read_checkpoint
from tests.models.saved_states import save, small_state

SEED = 16


def odd_tensors() -> dict[str, torch.Tensor]:
    """Views, shared and empty storages, strides, and every type that weights have."""
    whole = torch.arange(24.0).reshape(4, 6)
    return {
        "whole.weight": whole,
        "view": whole[1:3, 2:5],
        "transposed": whole.T,
        "empty": torch.empty(0, 3),
        "scalar": torch.tensor(3.0),
        "half": torch.ones(3, dtype=torch.float16),
        "brain": torch.ones(3, dtype=torch.bfloat16),
        "double": torch.ones(3, dtype=torch.float64),
        "byte": torch.ones(3, dtype=torch.uint8),
        "bool": torch.ones(3, dtype=torch.bool),
        "long": torch.tensor(5),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "float8": torch.ones(3).to(torch.float8_e4m3fn),
    }


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("is_zip", [True, False])
def test_tensors_are_those_that_were_saved(tmp_path: Path, protocol: int, is_zip: bool) -> None:
    saved = odd_tensors()
    path = tmp_path / "net.pt"
    torch.save(saved, path, pickle_protocol=protocol, _use_new_zipfile_serialization=is_zip)
    state = read_checkpoint(path).state
    assert list(state) == list(saved)
    for name, tensor in saved.items():
        assert torch.equal(state[name].double(), tensor.detach().double()), name


def test_a_file_of_a_big_endian_machine(tmp_path: Path) -> None:
    assert sys.byteorder == "little"
    buffer = io.BytesIO()
    torch.save(small_state(), buffer)
    path = tmp_path / "net.pt"
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if "/data/" in name:
                content = np.frombuffer(content, "<f4").astype(">f4").tobytes()
            new.writestr(name, b"big" if name.endswith("byteorder") else content)
    state = read_checkpoint(path).state
    assert torch.equal(state["conv.weight"], small_state()["conv.weight"])


def test_one_changed_byte_of_an_archive_is_found(tmp_path: Path) -> None:
    """Or it changed nothing: a padding, a date. Before its CRC-32 was read, 23 of 60 loaded."""
    good = save(tmp_path / "good.pt", small_state() | {"big.weight": torch.rand(64, 64)})
    expected, content = read_checkpoint(good).state, good.read_bytes()
    draws = np.random.default_rng(SEED)
    path, refused = tmp_path / "net.pt", 0
    for place in draws.integers(0, len(content), 60):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(draws.integers(8))
        path.write_bytes(damaged)
        try:
            state = read_checkpoint(path).state
        except CheckpointError:
            refused += 1
        else:
            assert all(torch.equal(state[name], expected[name]) for name in expected)
    assert refused > 50


def test_the_weights_of_a_damaged_archive_are_named_as_damaged(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pt", small_state())
    content = path.read_bytes()
    value = small_state()["conv.weight"].numpy().tobytes()
    path.write_bytes(content.replace(value, value[:-1] + b"\0"))
    for trust in (False, True):
        with pytest.raises(CheckpointError, match="damaged or truncated; get it again$"):
            read_checkpoint(path, trust=trust)


def test_an_archive_that_was_written_without_sums(tmp_path: Path) -> None:
    set_crc32_options(False)
    try:
        path = save(tmp_path / "net.pt", small_state())
    finally:
        set_crc32_options(True)
    assert list(read_checkpoint(path).state) == list(small_state())
