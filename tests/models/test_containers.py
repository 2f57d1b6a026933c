"""The one set of weights is found in what a training script saved."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import read_checkpoint
from tests.models.saved_states import assert_small, save, small_state


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


def test_a_key_for_a_bare_state_dict(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pt", small_state())
    with pytest.raises(CheckpointError, match="a bare state dict, .* leave out key='ema'"):
        read_checkpoint(path, key="ema")
