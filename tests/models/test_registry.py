from __future__ import annotations

import importlib.util
import sys

import pytest
import torch

from robustbench_ln.errors import LnBenchError, SpecError
from robustbench_ln.models import ARCHITECTURES, build_model, find_architecture

needs_timm = pytest.mark.skipif(
    importlib.util.find_spec("timm") is None, reason="needs the extra robustbench_ln[timm]"
)


def test_ids_are_those_of_the_specification() -> None:
    assert list(ARCHITECTURES) == [
        "mnist-dnn", "vgg-localnorm", "vgg-localnorm-plain-head", "vgg19", "resnet32-preact",
        "resnet20", "resnet32", "resnet44", "resnet56", "resnet110",
        "wrn-16-4", "wrn-28-10", "wrn-40-2", "resnet18-cifar", "resnet18-preact",
        "resnet18-preact-final-norm", "resnet18-preact-raw-shortcut", "resnext29-4x32d",
        "resnext29-2x64d", "resnext29-4x64d", "resnext29-32x4d", "densenet-bc-100-12",
        "densenet-bc-cifar", "densenet-40-12", "allconv", "vgg16-bn-cifar",
        "vgg16-bn-cifar-linear-head",
    ]  # fmt: skip
    assert all(name == entry.id for name, entry in ARCHITECTURES.items())


def test_the_table_is_read_only() -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        ARCHITECTURES["resnet20"] = ARCHITECTURES["resnet32"]  # type: ignore[index]


def test_sizes_default_to_the_published_ones() -> None:
    network = build_model("mnist-dnn", num_classes=3)
    assert network(torch.zeros(1, 1, 28, 28)).shape == (1, 3)


def test_torchvision_network() -> None:
    architecture = find_architecture("torchvision:resnet18")
    network = architecture.build(5, 3)
    assert architecture.id == "torchvision:resnet18"
    assert network.state_dict()["fc.weight"].shape == (5, 512)


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_torchvision_networks_build_without_a_warning(name: str) -> None:
    with torch.device("meta"):
        find_architecture(f"torchvision:{name}").build(2, 3)


@needs_timm
def test_timm_network_with_a_weights_tag() -> None:
    network = find_architecture("timm:resnet18.a1_in1k").build(5, 1)
    assert network.state_dict()["fc.weight"].shape == (5, 512)
    assert network.state_dict()["conv1.weight"].shape == (64, 1, 7, 7)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet33", "unknown architecture 'resnet33'; did you mean 'resnet32'"),
        ("zzz", r"unknown architecture 'zzz'; choose from mnist-dnn, .*"),
        ("alexnet", "arch='alexnet' needs its library's name; write arch='torchvision:alexnet'$"),
        ("torchvision:resnet55", "unknown torchvision network 'resnet55'; did you mean 'resnet50"),
        (
            "resnet18",
            "arch='resnet18' is ambiguous; write arch='resnet18-cifar' or "
            "arch='torchvision:resnet18'",
        ),
        ("vgg16_bn", "write arch='vgg16-bn-cifar' or arch='torchvision:vgg16_bn'"),
        ("tv:resnet50", "arch='tv:resnet50': 'tv' is not 'torchvision', 'timm' or 'hf'"),
        ("net.py:build", "arch='net.py:build' names a file; give the network that it"),
    ],
)
def test_wrong_names(name: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        find_architecture(name)


@needs_timm
@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "resnet50",
            "arch='resnet50' is ambiguous; "
            "write arch='torchvision:resnet50' or arch='timm:resnet50'",
        ),
        ("resnet18d", "needs its library's name; write arch='timm:resnet18d'"),
        ("timm:resnet5", "unknown timm network 'resnet5'; did you mean 'resnet50'"),
        ("timm:resnet18.a9_in1k", "unknown timm weights 'resnet18.a9_in1k'; did you mean"),
    ],
)
def test_wrong_names_with_timm(name: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        find_architecture(name)


def test_timm_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)  # import answers ImportError
    with pytest.raises(LnBenchError, match=r"pip install timm"):
        find_architecture("timm:resnet18")
