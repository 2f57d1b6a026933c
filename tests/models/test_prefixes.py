"""Names with something before them are read as the network has them, and nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import build_model, load_model, load_weights, read_checkpoint
from robustbench_ln.models.containers import State
from robustbench_ln.norms import convert_batchnorm
from tests.models.loading import RESNET20, assert_same_tensors, checkpoint_of
from tests.models.saved_states import save


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return build_model("resnet20").eval()


def prefixed(network: nn.Module, prefix: str, **more: torch.Tensor) -> State:
    return {f"{prefix}{name}": tensor for name, tensor in network.state_dict().items()} | more


@pytest.mark.parametrize(
    "prefix", ["model.", "net.", "model._orig_mod.", "backbone.", "module.model.", "a.b.c.d."]
)
def test_a_prefix_is_taken_off_and_said(tmp_path: Path, network: nn.Module, prefix: str) -> None:
    saved = {"epoch": 3, "state_dict": prefixed(network, prefix)}
    loaded = load_model(read_checkpoint(save(tmp_path / "net.ckpt", saved)), RESNET20)
    assert_same_tensors(loaded.model, network)
    kept = prefix.removeprefix("module.").replace("_orig_mod.", "")
    assert loaded.checkpoint.notes == (f"took the prefix '{kept}' off the names",)


def test_what_is_outside_is_named_and_left(network: nn.Module) -> None:
    more = {"criterion.weight": torch.ones(10), "train_acc.total": torch.tensor(3)}
    loaded = load_model(checkpoint_of(prefixed(network, "model.", **more)), RESNET20)
    assert_same_tensors(loaded.model, network)
    assert loaded.checkpoint.notes == (
        "took the prefix 'model.' off the names; "
        "not under it: 'criterion.weight', 'train_acc.total'",
    )


@pytest.mark.parametrize(
    "name", ["criterion.weight", "val_acc.correct", "layer1.total_ops", "total_params", "loss.pos"]
)
def test_losses_metrics_and_counters_beside_the_network_are_left(
    network: nn.Module, name: str
) -> None:
    loaded = load_model(checkpoint_of(prefixed(network, "", **{name: torch.ones(2)})), RESNET20)
    assert loaded.checkpoint.notes == (f"left '{name}', no tensors of the network",)


@pytest.mark.parametrize("name", ["layer4.0.conv1.weight", "model.extra.weight", "mask"])
def test_other_tensors_beside_the_network_are_refused(network: nn.Module, name: str) -> None:
    with pytest.raises(CheckpointError, match=f"1 unexpected: '{name}'"):
        load_model(checkpoint_of(prefixed(network, "", **{name: torch.ones(2)})), RESNET20)


def test_other_tensors_under_the_prefix_are_refused(network: nn.Module) -> None:
    more = {"model.layer4.0.conv1.weight": torch.ones(2, 2)}
    with pytest.raises(CheckpointError, match=r"1 unexpected: 'layer4.0.conv1.weight'"):
        load_model(checkpoint_of(prefixed(network, "model.", **more)), RESNET20)


def test_two_networks_are_asked_about(tmp_path: Path, network: nn.Module) -> None:
    teacher = build_model("resnet20")
    state = prefixed(network, "student.") | prefixed(teacher, "teacher.")
    path = save(tmp_path / "net.pt", {"state_dict": state})
    with pytest.raises(
        CheckpointError, match="holds 2 sets of weights under 'student' and 'teacher'; load"
    ) as caught:
        load_model(read_checkpoint(path), RESNET20)
    spelled = caught.value.message.spelled(lambda name: f"--{name}")
    assert spelled.endswith("choose one with --key 'student'")
    for key, chosen in (("student", network), ("state_dict.teacher", teacher)):
        loaded = load_model(read_checkpoint(path, key=key), RESNET20)
        assert_same_tensors(loaded.model, chosen)


def test_two_names_of_the_same_weights_are_one(network: nn.Module) -> None:
    """As files of the library `robustness` have them, for an attack's sake."""
    state = prefixed(network, "model.") | prefixed(network, "attacker.model.")
    loaded = load_model(checkpoint_of(state), RESNET20)
    assert_same_tensors(loaded.model, network)
    assert "and 113 more" in loaded.checkpoint.notes[0]


def test_weights_of_another_norm_under_a_prefix() -> None:
    saved = convert_batchnorm(build_model("resnet20"), 4).model
    loaded = load_model(checkpoint_of(prefixed(saved, "model.")), RESNET20)
    assert loaded.num_groups == 4
    assert_same_tensors(loaded.model, saved)


def test_data_parallel_within_a_network() -> None:
    saved = nn.Sequential()
    saved.add_module("features", nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))
    saved.add_module("classifier", nn.Linear(4, 2))
    state = {
        name.replace("features.", "features.module."): tensor
        for name, tensor in saved.state_dict().items()
    }
    loaded = load_weights(checkpoint_of(state), saved, name="own")
    assert list(loaded.checkpoint.state) == list(saved.state_dict())


def test_a_users_network_takes_a_prefix_off_too() -> None:
    own = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    loaded = load_weights(checkpoint_of(prefixed(own, "net.")), own, name="own")
    assert loaded.checkpoint.prefix == "net."


def test_a_small_network_is_not_found_within_a_large_one() -> None:
    state = {f"{name}.weight": torch.ones(4, 3) for name in ("a", "b")}
    with pytest.raises(CheckpointError, match="does not fit own: 1 missing: 'weight'; 2 unexp"):
        load_weights(checkpoint_of(state), nn.Linear(9, 9, bias=False), name="own")
