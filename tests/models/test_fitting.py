"""Loading is strict: all tensors fit, or the message says which do not and what would."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from robustbench_ln.errors import CheckpointError, LnBenchError
from robustbench_ln.models import (
    ARCHITECTURES,
    Checkpoint,
    LoadedModel,
    build_model,
    find_architecture,
    load_model,
    load_weights,
    nearest,
    read_checkpoint,
)
from robustbench_ln.models.containers import State
from robustbench_ln.norms import LocalNorm2d, convert_batchnorm

RESNET20 = ARCHITECTURES["resnet20"]


@pytest.fixture(autouse=True)
def _few_torchvision_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying all of them takes seconds."""
    names = ["alexnet", "resnet18", "regnet_x_400mf"]
    monkeypatch.setattr(nearest, "torchvision_names", lambda: names)


def checkpoint_of(state: State) -> Checkpoint:
    return Checkpoint(
        path=Path("net.pt"), sha256="0" * 64, state=state, key=None, prefix="", metadata={}
    )


def load(network: nn.Module, name: str, num_classes: int | None = None) -> LoadedModel:
    checkpoint = checkpoint_of(network.state_dict())
    return load_model(checkpoint, find_architecture(name), num_classes=num_classes)


def assert_same_tensors(loaded: nn.Module, saved: nn.Module) -> None:
    expected = saved.state_dict()
    state = loaded.state_dict()
    assert list(state) == list(expected)
    assert all(torch.equal(state[name], tensor) for name, tensor in expected.items())


@pytest.mark.parametrize("name", ["mnist-dnn", "vgg-localnorm-plain-head", "resnet32-preact"])
def test_sizes_are_read_from_the_shapes(name: str) -> None:
    saved = build_model(name, num_classes=23, in_channels=2)
    loaded = load(saved, name)
    assert (loaded.num_classes, loaded.num_groups, loaded.network) == (23, 1, name)
    assert_same_tensors(loaded.model, saved)
    assert not any(module.training for module in loaded.model.modules())


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


@pytest.mark.parametrize(
    ("saved", "asked", "message"),
    [
        (
            "resnet32",
            "resnet20",
            r"net.pt: does not fit resnet20: 72 unexpected: 'layer1.3.conv1.weight', "
            r"'layer1.3.bn1.weight', 'layer1.3.bn1.bias', \.\.\.; arch='resnet32' fits exactly$",
        ),
        (
            "resnet20",
            "resnet32",
            r"does not fit resnet32: 60 missing: .*; arch='resnet20' fits exactly$",
        ),
        (
            "vgg-localnorm",
            "vgg-localnorm-plain-head",
            r"5 unexpected: 'classifier.3.weight', .*; arch='vgg-localnorm' fits exactly$",
        ),
        ("vgg19", "mnist-dnn", r"arch='vgg19' fits exactly$"),
    ],
)
def test_the_wrong_network_is_answered_with_the_right_one(
    saved: str, asked: str, message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        load(build_model(saved, num_classes=11), asked)


def test_the_right_network_is_named_for_localnorm_weights_too() -> None:
    saved = convert_batchnorm(build_model("resnet20"), 4).model
    with pytest.raises(CheckpointError, match="arch='resnet20' fits exactly"):
        load(saved, "resnet56")


def test_the_right_network_may_be_torchvisions() -> None:
    saved = torchvision.models.resnet18(num_classes=11)
    with pytest.raises(CheckpointError, match="arch='torchvision:resnet18' fits exactly"):
        load(saved, "resnet20")


def test_without_a_torchvision_only_our_own_are_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[str]:
        raise LnBenchError("torchvision does not import")

    monkeypatch.setattr(nearest, "torchvision_names", broken)
    saved = torchvision.models.resnet18(num_classes=11)
    with pytest.raises(CheckpointError, match="; give the network it was trained as$"):
        load(saved, "resnet20")


def test_the_nearest_network_is_named_when_none_fits() -> None:
    state = build_model("resnet20").state_dict()
    state["layer3.2.conv2.weight"] = torch.ones(64, 64, 5, 5)
    with pytest.raises(
        CheckpointError,
        match=r"1 different: 'layer3.2.conv2.weight' has shape \[64, 64, 5, 5\], the network "
        r"expects \[64, 64, 3, 3\]; the nearest known network is resnet20 \(99% of the tensors",
    ):
        load_model(checkpoint_of(state), RESNET20)


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
        CheckpointError, match="2 missing: 'linear.weight', 'linear.bias'; the near"
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
