"""Which files are read, and what is said of the others."""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import pickle
import struct
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import read_checkpoint
from robustbench_ln.models.containers import State


def small_state() -> State:
    return {"conv.weight": torch.arange(6.0).reshape(3, 2), "bn.running_mean": torch.ones(3)}


def save(path: Path, saved: object, *, is_zip: bool = True) -> Path:
    torch.save(saved, path, _use_new_zipfile_serialization=is_zip)
    return path


def assert_small(state: State) -> None:
    assert list(state) == list(small_state())
    for name, tensor in small_state().items():
        assert state[name].dtype == torch.float32
        assert torch.equal(state[name], tensor)


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("suffix", [".pt", ".pth", ".th", ".tar", ".safetensors"])
def test_a_bare_state_dict_is_read_whatever_the_file_is_called(
    tmp_path: Path, suffix: str, is_zip: bool
) -> None:
    path = save(tmp_path / f"net{suffix}", small_state(), is_zip=is_zip)
    checkpoint = read_checkpoint(path)
    assert_small(checkpoint.state)
    assert (checkpoint.key, checkpoint.prefix, checkpoint.metadata) == (None, "", {})
    assert checkpoint.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


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


@pytest.mark.parametrize("key", ["state_dict", "model", "net", "model_state_dict", "weights"])
def test_containers(tmp_path: Path, key: str) -> None:
    saved = {"epoch": 3, "acc": 0.5, "arch": "x", "optimizer": {"state": {}}, key: small_state()}
    checkpoint = read_checkpoint(save(tmp_path / "net.pt", saved))
    assert_small(checkpoint.state)
    assert checkpoint.key == key
    assert checkpoint.metadata == {"epoch": 3, "acc": 0.5, "arch": "x"}


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


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "module.module."])
def test_prefixes_of_wrappers_are_taken_off(tmp_path: Path, prefix: str) -> None:
    state = OrderedDict((prefix + name, tensor) for name, tensor in small_state().items())
    checkpoint = read_checkpoint(save(tmp_path / "net.pt", {"state_dict": state}))
    assert_small(checkpoint.state)
    assert checkpoint.prefix == prefix


def test_a_prefix_that_not_all_names_have_stays(tmp_path: Path) -> None:
    state = {"module.weight": torch.ones(2), "head.weight": torch.ones(2)}
    checkpoint = read_checkpoint(save(tmp_path / "net.pt", state))
    assert list(checkpoint.state) == ["module.weight", "head.weight"]
    assert checkpoint.prefix == ""


def test_an_averaged_model_is_read_without_its_counter(tmp_path: Path) -> None:
    averaged = AveragedModel(nn.Linear(2, 3))
    checkpoint = read_checkpoint(save(tmp_path / "net.pt", {"model_ema": averaged.state_dict()}))
    assert sorted(checkpoint.state) == ["bias", "weight"]
    assert checkpoint.prefix == "module."


def test_ema_is_chosen_by_name(tmp_path: Path) -> None:
    ema = {name: tensor + 1 for name, tensor in small_state().items()}
    path = save(tmp_path / "net.pt", {"state_dict": small_state(), "state_dict_ema": ema})
    with pytest.raises(
        CheckpointError,
        match=r"holds 2 sets of weights \('state_dict', 'state_dict_ema'\); "
        "choose one with --checkpoint-key 'state_dict'",
    ):
        read_checkpoint(path)
    chosen = read_checkpoint(path, key="state_dict_ema")
    assert torch.equal(chosen.state["bn.running_mean"], torch.full((3,), 2.0))
    with pytest.raises(
        CheckpointError, match="no weights under --checkpoint-key ema; entries with"
    ):
        read_checkpoint(path, key="ema")


def test_other_precisions_become_float32(tmp_path: Path) -> None:
    state = {
        "half": torch.ones(2, dtype=torch.float16),
        "brain": torch.ones(2, dtype=torch.bfloat16),
        "double": torch.ones(2, dtype=torch.float64),
        "index": torch.arange(2),
    }
    checkpoint = read_checkpoint(save(tmp_path / "net.pt", state))
    dtypes = [tensor.dtype for tensor in checkpoint.state.values()]
    assert dtypes == [torch.float32] * 3 + [torch.int64]


def test_parameters_lose_their_gradients(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pt", {"weight": nn.Parameter(torch.ones(2))})
    assert not read_checkpoint(path).state["weight"].requires_grad


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
        match=r"it wants .*torch\.nn\.modules\.container\.Sequential.*--trust-checkpoint",
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
    with pytest.raises(CheckpointError, match=r"it wants .* and \d+ more\. Save"):
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

    monkeypatch.setattr(Path, "open", denied)
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


def test_a_key_for_a_bare_state_dict(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pt", small_state())
    with pytest.raises(
        CheckpointError, match="a bare state dict, .* leave out --checkpoint-key ema"
    ):
        read_checkpoint(path, key="ema")


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
