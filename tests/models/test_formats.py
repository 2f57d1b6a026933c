"""Code in a file is named, and never run unless it is trusted."""

from __future__ import annotations

import argparse
import io
import os
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import read_checkpoint
from tests.models.saved_states import assert_small, save, small_state


def test_plain_values_of_training_scripts_are_no_code(tmp_path: Path) -> None:
    args = argparse.Namespace(lr=0.1, arch="resnet20")
    for is_zip in (True, False):
        saved = {"args": args, "best": np.float64(0.5), "state_dict": small_state()}
        checkpoint = read_checkpoint(save(tmp_path / "net.pt", saved, is_zip=is_zip))
        assert_small(checkpoint.state)
        assert checkpoint.metadata == {"best": 0.5}


def test_numpy_scalars_of_numpy_1_are_no_code(tmp_path: Path) -> None:
    path = save(tmp_path / "a.pt", {"best": np.float64(0.5), "net": small_state()}, is_zip=False)
    renamed = path.read_bytes().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert b"numpy.core.multiarray" in renamed
    path.write_bytes(renamed)
    assert read_checkpoint(path).metadata == {"best": 0.5}


class Touch:
    """Unpickling this makes a file: code that must not run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("is_zip", [True, False])
def test_code_in_a_pickle_is_named_and_never_run(tmp_path: Path, is_zip: bool) -> None:
    ran = tmp_path / "ran"
    saved = {"state_dict": small_state(), "extra": Touch(ran)}
    path = save(tmp_path / "net.pt", saved, is_zip=is_zip)
    with pytest.raises(CheckpointError, match=r"it wants (posix|nt)\.mkdir\. Save a state_dict"):
        read_checkpoint(path)
    assert not ran.exists()
    assert_small(read_checkpoint(path, trust=True).state)
    assert ran.exists()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_code_in_a_bare_pickle_never_runs(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "net.pt"
    path.write_bytes(pickle.dumps(Touch(tmp_path / "ran"), protocol=protocol))
    wanted = "not a checkpoint" if protocol < 2 else r"it wants (posix|nt)\.mkdir"
    with pytest.raises(CheckpointError, match=wanted):
        read_checkpoint(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("is_zip", [True, False])
def test_a_whole_pickled_network_needs_trust(tmp_path: Path, is_zip: bool) -> None:
    network = nn.Sequential(nn.Linear(2, 3))
    path = save(tmp_path / "net.pt", {"model": network}, is_zip=is_zip)
    with pytest.raises(
        CheckpointError,
        match=r"objects of torch\.nn\.modules\.container\.Sequential, .*torch\.save\(model\.",
    ):
        read_checkpoint(path)
    checkpoint = read_checkpoint(path, trust=True)
    assert torch.equal(checkpoint.state["0.weight"], network[0].weight)


class Gone:
    pass


def test_trust_without_the_code_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "net.pt", {"state_dict": small_state(), "options": Gone()})
    monkeypatch.delattr(f"{__name__}.Gone")
    with pytest.raises(CheckpointError, match=r"needs .*Gone, which cannot be imported here"):
        read_checkpoint(path, trust=True)


def test_many_wanted_names_are_counted(tmp_path: Path) -> None:
    layers = [nn.Linear(1, 1), nn.ReLU(), nn.Tanh(), nn.GELU(), nn.ELU(), nn.SELU()]
    path = save(tmp_path / "net.pt", nn.Sequential(*layers))
    with pytest.raises(
        CheckpointError, match=r"objects of .* and \d+ more, whose code would have to run\."
    ):
        read_checkpoint(path)


def _zip_with(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")


def _tar_with(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("pickle"), io.BytesIO())


WRONG_BYTES = {
    "empty": (b"", "the file is empty; get it again"),
    "html": (b"\n<!DOCTYPE html><html>404", "an HTML or XML page saved as a checkpoint"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(600), r"an HDF5 \(Keras\) file"),
    "gzip": (b"\x1f\x8b\x08" + bytes(60), "compressed with gzip; unpack it first"),
    "numpy": (b"\x93NUMPY\x01\x00" + bytes(60), "a NumPy array, not a PyTorch checkpoint"),
    "text": (b"hello world", r"not a checkpoint: it begins with b'hello wo'"),
    "short": (b"\x80", "the file is damaged or truncated"),
    "zip": (b"PK\x03\x04" + bytes(60), "the file is damaged or truncated"),
    "header": (
        struct.pack("<Q", 10**15) + b'{"a":1}',
        "its safetensors header claims 1000000000000000 bytes, but the file has 15",
    ),
    "not-json": (struct.pack("<Q", 6) + b"{oops}", r"damaged or truncated; get it again \(.*\)$"),
}


@pytest.mark.parametrize("case", WRONG_BYTES)
def test_files_that_are_no_checkpoint(tmp_path: Path, case: str) -> None:
    content, message = WRONG_BYTES[case]
    path = tmp_path / "net.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_checkpoint(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_archives_that_are_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    _zip_with(path, "net/data.pkl", "net/constants.pkl", "net/code/net.py")
    with pytest.raises(CheckpointError, match="a TorchScript archive, whose norm layers are fixed"):
        read_checkpoint(path)
    _zip_with(path, "images.npy")
    with pytest.raises(CheckpointError, match="a zip archive, but not one that torch.save wrote"):
        read_checkpoint(path)
    _tar_with(path)
    with pytest.raises(CheckpointError, match="a tar archive; unpack it first"):
        read_checkpoint(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_safetensors_with_metadata(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"net{suffix}"
    save_file(small_state(), path, metadata={"K": "8"})
    checkpoint = read_checkpoint(path)
    assert set(checkpoint.state) == set(small_state())
    assert torch.equal(checkpoint.state["conv.weight"], small_state()["conv.weight"])
    assert checkpoint.metadata == {"K": "8"}


def test_a_safetensors_length_that_looks_like_markup(tmp_path: Path) -> None:
    """A header of 15,392 bytes begins the file with " <"."""
    path = tmp_path / "net.safetensors"
    save_file({"weight": torch.ones(1)}, path, metadata={"pad": ""})
    length = struct.unpack("<Q", path.read_bytes()[:8])[0]
    missing = 0x3C20 - len(path.read_bytes()[8 : 8 + length].rstrip())
    save_file({"weight": torch.ones(1)}, path, metadata={"pad": "x" * missing})
    assert path.read_bytes().startswith(b" <")
    assert list(read_checkpoint(path).state) == ["weight"]


class Config:
    """A class of the training script's own."""

    def __init__(self) -> None:
        self.lr = 0.1


@pytest.mark.parametrize("is_zip", [True, False])
def test_objects_of_a_strangers_class_are_left(tmp_path: Path, is_zip: bool) -> None:
    saved = {"config": Config(), "model": small_state(), "nested": [{"deep": Config()}]}
    assert_small(read_checkpoint(save(tmp_path / "net.pt", saved, is_zip=is_zip)).state)
