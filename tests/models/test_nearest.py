"""The message that a checkpoint does not fit names the network that it belongs to."""

from __future__ import annotations

import pytest
import torch
import torchvision

from robustbench_ln.errors import CheckpointError, LnBenchError
from robustbench_ln.models import (
    build_model,
    load_model,
    nearest,
)
from robustbench_ln.norms import convert_batchnorm
from tests.models.loading import RESNET20, checkpoint_of, load

pytestmark = pytest.mark.usefixtures("few_torchvision_networks")


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
    saved = torchvision.models.alexnet(num_classes=11)
    with pytest.raises(CheckpointError, match="; give the architecture it was trained with$"):
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
