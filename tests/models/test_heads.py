"""A head that is written otherwise gives the same logits; another head is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torchvision
from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import build_model, find_architecture, load_model
from robustbench_ln.models.containers import State
from tests.models.loading import RESNET20, checkpoint_of

IMAGES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return build_model("resnet20", num_classes=7).eval()


def renamed(**names: str) -> Callable[[State], State]:
    return lambda state: {names.get(n.replace(".", "_"), n): t for n, t in state.items()}


SAME: dict[str, tuple[Callable[[State], State], str]] = {
    "fc": (
        renamed(linear_weight="fc.weight", linear_bias="fc.bias"),
        "took 'fc.weight' for the head, 'linear.weight'",
    ),
    "a Sequential": (
        renamed(linear_weight="linear.1.weight", linear_bias="linear.1.bias"),
        "took 'linear.1.weight' for the head, 'linear.weight'",
    ),
    "1x1 convolution": (
        lambda state: state | {"linear.weight": state["linear.weight"][:, :, None, None]},
        "read the 1x1 convolution 'linear.weight' as a linear layer",
    ),
    "outside a prefix": (
        lambda state: {
            (f"backbone.{n}" if "linear" not in n else n.replace("linear", "head.fc")): t
            for n, t in state.items()
        },
        "took 'head.fc.weight' for the head, 'linear.weight'",
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_the_same_head_gives_the_same_logits(network: nn.Module, case: str) -> None:
    change, note = SAME[case]
    loaded = load_model(checkpoint_of(change(dict(network.state_dict()))), RESNET20)
    assert loaded.num_classes == 7
    assert note in loaded.checkpoint.notes
    with torch.inference_mode():
        assert torch.equal(loaded.model(IMAGES), network(IMAGES))


def test_a_head_without_bias_has_a_bias_of_zero(network: nn.Module) -> None:
    state = {n: t for n, t in network.state_dict().items() if n != "linear.bias"}
    loaded = load_model(checkpoint_of(state), RESNET20)
    assert loaded.checkpoint.notes == ("gave the head a bias of 0, 'linear.bias'",)
    with torch.inference_mode():
        expected = network(IMAGES) - network.linear.bias
        torch.testing.assert_close(loaded.model(IMAGES), expected)


def test_a_convolution_may_be_a_linear_layer() -> None:
    network = torchvision.models.squeezenet1_1(num_classes=5).eval()
    state = network.state_dict()
    state["classifier.1.weight"] = state["classifier.1.weight"].flatten(1)
    loaded = load_model(checkpoint_of(state), find_architecture("torchvision:squeezenet1_1"))
    with torch.inference_mode():
        assert torch.equal(loaded.model(IMAGES), network(IMAGES))


@pytest.mark.parametrize(
    ("name", "absent"), [("googlenet", "aux1 and aux2"), ("inception_v3", "AuxLogits")]
)
@pytest.mark.parametrize("has_aux", [True, False])
def test_heads_for_training_alone_may_be_missing(name: str, absent: str, has_aux: bool) -> None:
    network = torchvision.models.get_model(
        name, num_classes=4, init_weights=False, aux_logits=has_aux
    ).eval()
    loaded = load_model(
        checkpoint_of(network.state_dict()), find_architecture(f"torchvision:{name}")
    )
    note = f"built torchvision:{name} without {absent}, which only training uses"
    assert loaded.checkpoint.notes == (() if has_aux else (note,))
    images = torch.rand(1, 3, 96, 96)
    with torch.inference_mode():
        assert torch.equal(loaded.model(images), network(images))


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        (
            {"fc.0.weight": (32, 64), "fc.0.bias": (32,), "fc.2.weight": (7, 32)},
            r"'fc.0.weight' \[32, 64\], 'fc.2.weight' \[7, 32\]",
        ),
        ({"fc.weight": (7, 99)}, r"'fc.weight' \[7, 99\]"),
        ({"fc.weight": (7, 64), "fc.scale": (7,)}, r"'fc.weight' \[7, 64\]"),
        ({"fc.weight_g": (7, 1)}, r"'fc.weight_g' \[7, 1\]"),
    ],
)
def test_another_head_is_refused_with_what_to_do(
    network: nn.Module, more: dict[str, tuple[int, ...]], shown: str
) -> None:
    state = {n: t for n, t in network.state_dict().items() if "linear" not in n}
    state |= {name: torch.ones(shape) for name, shape in more.items()}
    with pytest.raises(
        CheckpointError,
        match=f"has another head than resnet20, whose one layer is 'linear.weight': {shown}; write "
        "a FILE.py with a function that returns resnet20 with this head, and give model=",
    ):
        load_model(checkpoint_of(state), RESNET20)


@pytest.mark.parametrize("prefix", ["", "encoder."])
def test_a_file_without_a_head_is_said_to_have_none(network: nn.Module, prefix: str) -> None:
    state = {f"{prefix}{n}": t for n, t in network.state_dict().items() if "linear" not in n}
    with pytest.raises(CheckpointError, match="has no head: it has all of resnet20 except"):
        load_model(checkpoint_of(state), RESNET20)
