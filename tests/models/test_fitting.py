"""Loading is strict: all tensors fit, or the message says which do not and what would."""

from __future__ import annotations

import re

import pytest
import torch
import torchvision
from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import (
    build_model,
    find_architecture,
    load_model,
    load_weights,
    read_checkpoint,
)
from robustbench_ln.norms import LocalNorm2d, convert_batchnorm
from tests.models.loading import RESNET20, assert_same_tensors, checkpoint_of, load

pytestmark = pytest.mark.usefixtures("few_torchvision_networks")


@pytest.mark.parametrize("num_groups", [1, 3, 8])
def test_localnorm_groups_are_read_from_the_shapes(num_groups: int) -> None:
    saved = convert_batchnorm(build_model("vgg-localnorm", num_classes=4), num_groups).model
    loaded = load(saved, "vgg-localnorm")
    assert (loaded.num_classes, loaded.num_groups) == (4, num_groups)
    assert_same_tensors(loaded.model, saved)
    assert isinstance(loaded.model.get_submodule("features.2"), LocalNorm2d)
    assert isinstance(loaded.model.get_submodule("classifier.3"), nn.BatchNorm1d)


@pytest.mark.parametrize("name", ["resnet18", "regnet_x_400mf", "googlenet", "squeezenet1_0"])
def test_torchvision_networks(name: str) -> None:
    options = {"init_weights": False} if name == "googlenet" else {}
    saved = torchvision.models.get_model(name, num_classes=7, **options)
    loaded = load(saved, f"torchvision:{name}")
    assert loaded.num_classes == 7
    assert_same_tensors(loaded.model, saved)


def test_batch_counters_may_be_missing() -> None:
    """torch 0.4 had none; the public ResNet checkpoints are of that age."""
    state = build_model("resnet20").state_dict()
    old = {name: tensor for name, tensor in state.items() if not name.endswith("tracked")}
    loaded = load_model(checkpoint_of(old), RESNET20)
    assert torch.equal(loaded.model.state_dict()["bn1.running_var"], state["bn1.running_var"])
    assert loaded.model.state_dict()["bn1.num_batches_tracked"] == 0


def test_the_checkpoint_is_not_shared_with_the_model() -> None:
    checkpoint = checkpoint_of(build_model("resnet20").state_dict())
    kept = checkpoint.state["linear.bias"].clone()
    loaded = load_model(checkpoint, RESNET20)
    with torch.no_grad():
        loaded.model.state_dict()["linear.bias"].fill_(7)
    assert torch.equal(checkpoint.state["linear.bias"], kept)


def test_a_network_of_the_users_own() -> None:
    saved = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    own = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).half()
    loaded = load_weights(checkpoint_of(saved.state_dict()), own, name="net.py:build")
    assert (loaded.num_classes, loaded.network) == (None, "net.py:build")
    assert_same_tensors(loaded.model, saved)
    assert {p.dtype for p in loaded.model.parameters()} == {torch.float32}


def test_a_network_that_is_one_norm_layer() -> None:
    saved = LocalNorm2d(4, 3)
    loaded = load_weights(checkpoint_of(saved.state_dict()), nn.BatchNorm2d(4), name="n.py:f")
    assert loaded.num_groups == 3
    assert_same_tensors(loaded.model, saved)


def test_integer_weights_are_refused() -> None:
    state = build_model("resnet20").state_dict()
    state["conv1.weight"] = state["conv1.weight"].to(torch.int8)
    with pytest.raises(
        CheckpointError,
        match="'conv1.weight' is torch.int8, the network expects torch.float32; the nearest known",
    ):
        load_model(checkpoint_of(state), RESNET20)


def test_another_number_of_classes_than_asked_for() -> None:
    saved = build_model("resnet20", num_classes=100)
    with pytest.raises(CheckpointError, match="net.pt: its head has 100 classes; expected 10$"):
        load(saved, "resnet20", num_classes=10)
    assert load(saved, "resnet20", num_classes=100).num_classes == 100


@pytest.mark.parametrize(
    ("groups", "message"), [((2, 4), "have 2, 4 groups"), ((0, 0), "have 0 groups")]
)
def test_localnorm_layers_of_unlike_groups(groups: tuple[int, int], message: str) -> None:
    network = nn.Sequential(nn.BatchNorm2d(3), nn.BatchNorm2d(3))
    state = {f"{i}.weight": torch.ones(num_groups, 3) for i, num_groups in enumerate(groups)}
    with pytest.raises(CheckpointError, match=f"net.pt: its LocalNorm layers {message}; expected"):
        load_weights(checkpoint_of(state), network, name="net.py:build")


def test_no_head_at_all() -> None:
    state = {n: t for n, t in build_model("resnet20").state_dict().items() if "linear" not in n}
    with pytest.raises(
        CheckpointError,
        match="has no head: it has all of resnet20 except 'linear.weight', as after self-",
    ):
        load_model(checkpoint_of(state), RESNET20)


def test_a_published_densenet_has_dots_in_its_names(tmp_path):
    network = torchvision.models.densenet121(num_classes=5).eval()
    old = re.compile(r"(denselayer\d+\.(?:norm|conv))([12]\.)")
    state = {old.sub(r"\1.\2", name): value for name, value in network.state_dict().items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in state
    torch.save(state, tmp_path / "densenet121.pth")
    loaded = load_model(
        read_checkpoint(tmp_path / "densenet121.pth"), find_architecture("torchvision:densenet121")
    )
    images = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(loaded.model(images), network(images))
