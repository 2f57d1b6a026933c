"""Weights are found in a file, whatever is around them."""

from __future__ import annotations

import hashlib
import struct
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import read_checkpoint
from tests.models.saved_states import assert_small, save, small_state


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
        "load the one you want and give the network",
    ):
        read_checkpoint(path)
    chosen = read_checkpoint(path, key="state_dict_ema")
    assert torch.equal(chosen.state["bn.running_mean"], torch.full((3,), 2.0))
    with pytest.raises(CheckpointError, match="no weights under key='ema'; entries with"):
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


def test_a_key_for_a_bare_state_dict(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pt", small_state())
    with pytest.raises(CheckpointError, match="a bare state dict, .* leave out key='ema'"):
        read_checkpoint(path, key="ema")
