"""Each network against the specification: its sizes, and its values from an own restatement."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from robustbench_ln.models import ARCHITECTURES, build_model
from robustbench_ln.norms import convert_batchnorm
from tests.references import networks as reference

# id: (trainable parameters, the same plus running statistics, norm layers)
COUNTS = {
    "mnist-dnn": (814_778, 814_970, 4),
    "vgg-localnorm": (14_991_946, 15_001_418, 14),
    "vgg-localnorm-plain-head": (14_990_922, 14_999_370, 13),
    "vgg19": (20_304_202, 20_316_234, 17),
    "resnet32-preact": (467_946, 470_218, 31),
    "resnet20": (269_722, 271_098, 19),
    "resnet32": (464_154, 466_426, 31),
    "resnet44": (658_586, 661_754, 43),
    "resnet56": (853_018, 857_082, 55),
    "resnet110": (1_727_962, 1_736_058, 109),
}
REFERENCES: dict[str, Callable[[Tensor, list[Tensor]], Tensor]] = {
    "mnist-dnn": reference.mnist_dnn,
    "vgg-localnorm": partial(reference.vgg, stage_lengths=(2, 2, 3, 3, 3), dense_norm=True),
    "vgg-localnorm-plain-head": partial(
        reference.vgg, stage_lengths=(2, 2, 3, 3, 3), dense_norm=False
    ),
    "vgg19": partial(reference.vgg, stage_lengths=(2, 2, 4, 4, 4), dense_norm=True),
    "resnet32-preact": partial(reference.resnet_preact, blocks=5),
    **{
        f"resnet{6 * blocks + 2}": partial(reference.resnet, blocks=blocks)
        for blocks in (3, 5, 7, 9, 18)
    },
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_parameters_and_norm_layers_are_those_published(name: str) -> None:
    network = build_model(name)
    trainable = sum(p.numel() for p in network.parameters())
    running = sum(b.numel() for n, b in network.named_buffers() if "running" in n)
    norms = sum(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in network.modules())
    assert (trainable, trainable + running, norms) == COUNTS[name]


def _with_random_statistics(network: nn.Module) -> nn.Module:
    """Fresh norm layers are the identity and would hide a wrong order of layers."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                for tensor in (module.weight, module.running_var):
                    tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
                for tensor in (module.bias, module.running_mean):
                    tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.3)
    return network.double().eval()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_logits_equal_the_specification(name: str) -> None:
    entry = ARCHITECTURES[name]
    network = _with_random_statistics(build_model(name, num_classes=7, in_channels=2))
    generator = torch.Generator().manual_seed(1)
    shape = (2, 2, entry.image_size, entry.image_size)
    images = torch.rand(shape, generator=generator, dtype=torch.float64)
    weights = [t for n, t in network.state_dict().items() if not n.endswith("tracked")]
    with torch.no_grad():
        expected = REFERENCES[name](images, weights)
        logits = network(images)
    assert logits.shape == (2, 7)
    # The same operations in the same precision: only sums may be ordered differently.
    torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "rates"),
    [("mnist-dnn", [0.25, 0.25, 0.25, 0.5]), ("vgg-localnorm", [0.3]), ("resnet20", [])],
)
def test_dropout_rates(name: str, rates: list[float]) -> None:
    network = build_model(name)
    assert [m.p for m in network.modules() if isinstance(m, nn.Dropout)] == rates


@pytest.mark.parametrize("name", ["mnist-dnn", "vgg-localnorm", "resnet32-preact", "resnet20"])
def test_networks_convert_to_localnorm_and_train(name: str) -> None:
    entry = ARCHITECTURES[name]
    network = convert_batchnorm(build_model(name), 2).model
    images = torch.zeros(4, entry.in_channels, entry.image_size, entry.image_size)
    network(images).sum().backward()
    assert all(p.grad is not None for p in network.parameters())
