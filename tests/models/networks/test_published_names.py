"""Checkpoints with published names and shapes load by `--arch`, and are recognised without it."""

from __future__ import annotations

from functools import partial

import pytest
import torch
import torchvision

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import ARCHITECTURES, load_model
from robustbench_ln.models.containers import State
from tests.models.loading import checkpoint_of
from tests.models.networks import published_states as published
from tests.models.networks.published_states import Named

# what is published: (network that takes it, names and shapes, trainable parameters)
PUBLISHED = {
    "wrn-16-4": ("wrn-16-4", partial(published.wide_resnet, 16, 4), 2_748_890),
    "wrn-28-10": ("wrn-28-10", partial(published.wide_resnet, 28, 10), 36_479_194),
    "wrn-40-2": ("wrn-40-2", partial(published.wide_resnet, 40, 2), 2_243_546),
    "resnet18 of pytorch-cifar": (
        "resnet18-cifar", partial(published.resnet18, "shortcut", "linear"), 11_173_962,
    ),
    "resnet18 of torchvision, other stem": (
        "resnet18-cifar", partial(published.resnet18, "downsample", "fc"), 11_173_962,
    ),
    "preact": (
        "resnet18-preact", partial(published.preact_resnet18, has_final_norm=False), 11_171_146,
    ),
    "preact, final norm": (
        "resnet18-preact-final-norm",
        partial(published.preact_resnet18, has_final_norm=True),
        11_172_170,
    ),
    "resnext of AugMix": ("resnext29-4x32d", published.resnext_augmix, 6_807_882),
    "resnext 2x64d": ("resnext29-2x64d", partial(published.resnext, 2, 64), 9_128_778),
    "resnext 4x64d": ("resnext29-4x64d", partial(published.resnext, 4, 64), 27_104_586),
    "resnext 32x4d": ("resnext29-32x4d", partial(published.resnext, 32, 4), 4_774_218),
    "densenet-bc of densenet-pytorch": (
        "densenet-bc-100-12",
        partial(
            published.densenet, (16, 16, 16), "block{block}.layer.{layer}",
            "trans{block}.{kind}1", "bn1", "fc", is_bc=True,
        ),
        769_162,
    ),
    "densenet-bc with AugMix's names": (
        "densenet-bc-100-12",
        partial(
            published.densenet, (16, 16, 16), "dense{block}.{layer}",
            "trans{block}.{kind}1", "bn1", "fc", is_bc=True,
        ),
        769_162,
    ),
    "densenet of pytorch-cifar": (
        "densenet-bc-cifar",
        partial(
            published.densenet, (6, 12, 24, 16), "dense{block}.{layer}",
            "trans{block}.{kind}", "bn", "linear", is_bc=True,
        ),
        1_000_618,
    ),
    "densenet of AugMix": (
        "densenet-40-12",
        partial(
            published.densenet, (12, 12, 12), "dense{block}.{layer}",
            "trans{block}.{kind}1", "bn1", "fc", is_bc=False,
        ),
        1_059_298,
    ),
    "allconv": ("allconv", published.allconv, 1_409_674),
    "vgg16_bn of pytorch-cifar-models": (
        "vgg16-bn-cifar", partial(published.vgg16_bn, has_hidden_layers=True), 15_253_578,
    ),
    "vgg16 of pytorch-cifar": (
        "vgg16-bn-cifar-linear-head",
        partial(published.vgg16_bn, has_hidden_layers=False),
        14_728_266,
    ),
}  # fmt: skip
SMALL = [name for name, (*_, parameters) in PUBLISHED.items() if parameters < 3e6]


RECOGNISED = [
    "wrn-28-10", "wrn-40-2", "resnet18 of torchvision, other stem", "preact, final norm",
    "resnext of AugMix", "densenet-bc of densenet-pytorch", "densenet of pytorch-cifar", "allconv",
    "vgg16_bn of pytorch-cifar-models", "vgg16 of pytorch-cifar",
]  # fmt: skip
"""One of each way to write names."""


def zeros_of(named: Named) -> State:
    """Return a state dict; zeros of one element, expanded, take no memory."""
    return {
        name: torch.zeros((), dtype=torch.int64) if shape == () else torch.zeros(1).expand(shape)
        for name, shape in named
    }


@pytest.mark.parametrize("what", PUBLISHED)
def test_published_names_and_shapes_are_those_of_the_network(what: str) -> None:
    arch, published_tensors, parameters = PUBLISHED[what]
    entry, state = ARCHITECTURES[arch], zeros_of(published_tensors())
    with torch.device("meta"):
        network = entry.build(10, 3)
    expected = {name: tensor.shape for name, tensor in network.state_dict().items()}
    assert {entry.rename(name): tensor.shape for name, tensor in state.items()} == expected
    counted = [t for n, t in state.items() if n.rpartition(".")[2] in ("weight", "bias")]
    assert sum(tensor.numel() for tensor in counted) == parameters


@pytest.mark.parametrize("what", SMALL)
def test_published_states_load_with_other_classes(what: str) -> None:
    arch, published_tensors, _ = PUBLISHED[what]
    state = zeros_of(published_tensors())
    *_, weight, bias = state
    state[weight], state[bias] = torch.ones(7, state[weight].shape[1]), torch.arange(7.0)
    loaded = load_model(checkpoint_of(state), ARCHITECTURES[arch])
    assert (loaded.network, loaded.num_classes) == (arch, 7)
    with torch.inference_mode():
        logits = loaded.model(torch.ones(1, 3, 32, 32))
    assert logits.tolist() == [list(range(7))]  # all norms are zero, the bias is what is left


@pytest.mark.parametrize("what", RECOGNISED)
def test_published_states_are_recognised_in_a_message(what: str) -> None:
    arch, published_tensors, _ = PUBLISHED[what]
    with pytest.raises(CheckpointError, match=f"arch='{arch}'.* fits? exactly$"):
        load_model(checkpoint_of(zeros_of(published_tensors())), ARCHITECTURES["mnist-dnn"])


def test_networks_of_the_same_tensors_are_both_named() -> None:
    state = zeros_of(published.preact_resnet18(has_final_norm=False))
    with pytest.raises(
        CheckpointError,
        match="; arch='resnet18-preact' and arch='resnet18-preact-raw-shortcut' fit exactly$",
    ):
        load_model(checkpoint_of(state), ARCHITECTURES["resnet20"])


def test_the_network_of_the_names_in_the_file_is_suggested() -> None:
    """resnet18-cifar calls torchvision's tensors otherwise; the suggestion is of the file's."""
    saved = torchvision.models.resnet18(num_classes=7)
    with pytest.raises(CheckpointError, match="; arch='torchvision:resnet18' fits exactly$"):
        load_model(checkpoint_of(saved.state_dict()), ARCHITECTURES["resnet18-cifar"])


@pytest.mark.parametrize("what", ["resnext of AugMix", "densenet of pytorch-cifar"])
def test_published_names_may_have_a_prefix(what: str) -> None:
    arch, published_tensors, _ = PUBLISHED[what]
    state = zeros_of((f"model.{name}", shape) for name, shape in published_tensors())
    assert load_model(checkpoint_of(state), ARCHITECTURES[arch]).num_classes == 10
    with pytest.raises(CheckpointError, match=f"arch='{arch}' fits exactly$"):
        load_model(checkpoint_of(state), ARCHITECTURES["resnet20"])
