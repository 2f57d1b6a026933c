"""Files that are no checkpoint, and tensors that are no weights."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
import torch

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import read_checkpoint
from tests.models.saved_states import save, small_state


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
    "text": (b"hello world", r"not a checkpoint; .*it begins with b'hello wo'"),
    "short": (b"\x80", "the file is damaged or truncated"),
    "zip": (b"PK\x03\x04" + bytes(60), "the file is damaged or truncated"),
    "header": (
        struct.pack("<Q", 10**15) + b'{"a":1}',
        "its safetensors header claims 1000000000000000 bytes, the file has 15",
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


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    save(tmp_path / "resnet20.pt", small_state())
    with pytest.raises(CheckpointError, match=r"no such file; did you mean '.*/resnet20\.pt'\?"):
        read_checkpoint(tmp_path / "resnet2O.pt")
    with pytest.raises(CheckpointError, match="no such file; check the path"):
        read_checkpoint(tmp_path / "nowhere" / "net.pt")
    with pytest.raises(CheckpointError, match="a folder; give the checkpoint file in it"):
        read_checkpoint(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CheckpointError, match="not a regular file"):
        read_checkpoint(tmp_path / "pipe")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "net.pt", small_state())

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", denied)
    with pytest.raises(CheckpointError, match=r"cannot be read \(Permission denied\)"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        ([1, 2], "holds a list; expected a state dict, or a dict with one"),
        (torch.ones(2), "holds a Tensor; expected a state dict"),
        ({}, "no weights in it; its entries are nothing"),
        ({"epoch": 3, "state_dict": {}}, "no weights in it; its entries are 'epoch', 'state_dict'"),
        ({3: torch.ones(2)}, "no weights in it; its entries are '3'"),
    ],
)
def test_files_without_weights(tmp_path: Path, saved: object, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(save(tmp_path / "net.pt", saved))


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        (
            "bn.running_var",
            torch.tensor([1.0, float("nan")]),
            r"'bn.running_var' \(running statistics\) has 1 NaN or infinite values of 2",
        ),
        (
            "conv.weight",
            torch.tensor([float("inf"), -float("inf"), 0.0]),
            r"'conv.weight' \(weights\) has 2 NaN or infinite values of 3",
        ),
        (
            "conv.weight",
            torch.tensor([1e300], dtype=torch.float64),
            r"'conv.weight' \(weights\) has 1 NaN or infinite",
        ),
        ("w", torch.eye(2).to_sparse(), "'w' is sparse; save it as a dense tensor"),
        ("w", torch.zeros(2, device="meta"), r"'w' has no values \(meta device\)"),
        ("w", torch.zeros(2, dtype=torch.complex64), "'w' is complex; expected real weights"),
    ],
)
def test_tensors_that_are_no_weights(
    tmp_path: Path, name: str, tensor: torch.Tensor, message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(save(tmp_path / "net.pt", {"a.weight": torch.ones(2), name: tensor}))


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning")
def test_quantised_tensors_are_refused(tmp_path: Path) -> None:
    quantised = torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    with pytest.raises(CheckpointError, match="'w' is quantised; give the float network"):
        read_checkpoint(save(tmp_path / "net.pt", {"w": quantised}))
