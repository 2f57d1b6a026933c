"""Weights of `nn.Sequential(*network.children())` are read where each part fits in its place."""

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import build_model, load_model, load_weights
from robustbench_ln.norms import convert_batchnorm
from tests.models.loading import RESNET20, assert_same_tensors, checkpoint_of


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return build_model("resnet20").eval()


def sequential(network: nn.Module) -> nn.Sequential:
    return nn.Sequential(*network.children())


def test_parts_by_their_order(network: nn.Module) -> None:
    loaded = load_model(checkpoint_of(sequential(network).state_dict()), RESNET20)
    assert_same_tensors(loaded.model, network)
    assert loaded.checkpoint.notes == (
        "took the parts of the network by their order: '0.' for 'conv1.', '1.' for 'bn1.', "
        "'2.' for 'layer1.', ...",
    )


def test_numbers_have_gaps_and_no_order_in_the_file(network: nn.Module) -> None:
    conv1, bn1, *others = network.children()
    parts = nn.Sequential(
        conv1, bn1, nn.ReLU(), *others[:-1], *(nn.ReLU() for _ in range(9)), others[-1]
    )
    state = parts.state_dict()
    assert "15.weight" in state
    mixed = {name: state[name] for name in sorted(state)}  # as safetensors has them: 15 before 2
    assert_same_tensors(load_model(checkpoint_of(mixed), RESNET20).model, network)


@pytest.mark.parametrize("outer", ["f.", "0.", "encoder.net."])
def test_a_body_with_its_head_beside_it(network: nn.Module, outer: str) -> None:
    *body, head = network.children()
    state = {outer + name: t for name, t in nn.Sequential(*body).state_dict().items()}
    state |= {f"1.{name}": tensor for name, tensor in head.state_dict().items()}
    assert_same_tensors(load_model(checkpoint_of(state), RESNET20).model, network)


def test_another_number_of_classes() -> None:
    network = build_model("resnet20", num_classes=7)
    loaded = load_model(checkpoint_of(sequential(network).state_dict()), RESNET20)
    assert loaded.num_classes == 7
    assert_same_tensors(loaded.model, network)


def test_another_norm(network: nn.Module) -> None:
    local = convert_batchnorm(network, 2).model
    loaded = load_model(checkpoint_of(sequential(local).state_dict()), RESNET20)
    assert loaded.num_groups == 2


def test_a_network_of_the_users_own(network: nn.Module) -> None:
    own = nn.Sequential(OrderedDict(network.named_children()))
    loaded = load_weights(checkpoint_of(sequential(network).state_dict()), own, name="own")
    assert_same_tensors(loaded.model, network)


def test_a_body_without_head_is_said_to_have_none(network: nn.Module) -> None:
    state = nn.Sequential(*list(network.children())[:-1]).state_dict()
    with pytest.raises(CheckpointError, match="has no head"):
        load_model(checkpoint_of(state), RESNET20)


@pytest.mark.parametrize("change", ["shape", "missing", "more", "order"])
def test_what_does_not_fit_in_order_is_refused(network: nn.Module, change: str) -> None:
    state = dict(sequential(network).state_dict())
    if change == "shape":
        state["2.0.conv1.weight"] = torch.zeros(16, 16, 5, 5)
    elif change == "missing":
        del state["2.0.conv1.weight"]
    elif change == "more":
        state["2.9.conv1.weight"] = torch.zeros(16, 16, 3, 3)
    else:
        swap = {"2": "3", "3": "2"}
        state = {swap.get(n[0], n[0]) + n[1:]: tensor for n, tensor in state.items()}
    with pytest.raises(CheckpointError, match="does not fit resnet20"):
        load_model(checkpoint_of(state), RESNET20)
