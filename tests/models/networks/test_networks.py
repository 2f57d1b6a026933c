"""Each network against the specification: its sizes, and its values from an own restatement."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from robustbench_ln.models import ARCHITECTURES, build_model
from robustbench_ln.norms import StatisticsLayout, convert_batchnorm, with_statistics
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
    "wrn-16-4": (2_748_890, 2_752_506, 13),
    "wrn-28-10": (36_479_194, 36_497_146, 25),
    "wrn-40-2": (2_243_546, 2_248_954, 37),
    "resnet18-cifar": (11_173_962, 11_183_562, 20),
    "resnet18-preact": (11_171_146, 11_177_930, 16),
    "resnet18-preact-final-norm": (11_172_170, 11_179_978, 17),
    "resnet18-preact-raw-shortcut": (11_171_146, 11_177_930, 16),
    "resnext29-4x32d": (6_807_882, 6_833_098, 31),
    "resnext29-2x64d": (9_128_778, 9_153_994, 31),
    "resnext29-4x64d": (27_104_586, 27_154_890, 31),
    "resnext29-32x4d": (4_774_218, 4_799_434, 31),
    "densenet-bc-100-12": (769_162, 793_150, 99),
    "densenet-bc-cifar": (1_000_618, 1_031_938, 120),
    "densenet-40-12": (1_059_298, 1_078_018, 39),
    "allconv": (1_409_674, 1_412_554, 9),
    "vgg16-bn-cifar": (15_253_578, 15_262_026, 13),
    "vgg16-bn-cifar-linear-head": (14_728_266, 14_736_714, 13),
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
    "wrn-16-4": partial(reference.wide_resnet, blocks=2),
    "wrn-28-10": partial(reference.wide_resnet, blocks=4),
    "wrn-40-2": partial(reference.wide_resnet, blocks=6),
    "resnet18-cifar": reference.resnet18,
    "resnet18-preact": reference.resnet18_preact,
    "resnet18-preact-final-norm": partial(reference.resnet18_preact, final_norm=True),
    "resnet18-preact-raw-shortcut": partial(reference.resnet18_preact, raw_shortcut=True),
    "resnext29-4x32d": partial(reference.resnext29, groups=4, stem=3),
    "resnext29-2x64d": partial(reference.resnext29, groups=2, stem=1),
    "resnext29-4x64d": partial(reference.resnext29, groups=4, stem=1),
    "resnext29-32x4d": partial(reference.resnext29, groups=32, stem=1),
    "densenet-bc-100-12": partial(reference.densenet, lengths=(16, 16, 16)),
    "densenet-bc-cifar": partial(reference.densenet, lengths=(6, 12, 24, 16), new_first=True),
    "densenet-40-12": partial(reference.densenet, lengths=(12, 12, 12), bottleneck=False),
    "allconv": reference.allconv,
    "vgg16-bn-cifar": partial(reference.vgg16_bn, hidden=2),
    "vgg16-bn-cifar-linear-head": partial(reference.vgg16_bn, hidden=0),
}
ANY_SIZE = ("wrn-", "resnet18-", "resnext29-", "densenet-")
"""Networks that average whatever map is left; the widest are slow in float64 at 32 pixels."""


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
def test_logits_equal_the_specification_and_so_does_bn(name: str) -> None:
    entry = ARCHITECTURES[name]
    network = _with_random_statistics(build_model(name, num_classes=7, in_channels=2))
    generator = torch.Generator().manual_seed(1)
    size = 16 if name.startswith(ANY_SIZE) else entry.image_size
    shape = (2, 2, size, size)
    images = torch.rand(shape, generator=generator, dtype=torch.float64)
    weights = [t for n, t in network.state_dict().items() if not n.endswith("tracked")]
    with torch.no_grad():
        expected = REFERENCES[name](images, weights)
        logits = torch.cat([network(image[None]) for image in images])
        view = with_statistics(network, StatisticsLayout.running(), image_shape=shape[1:])
        bn = view(images)
    assert logits.shape == (2, 7)
    # The same operations in the same precision: only sums may be ordered differently.
    torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(bn, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("mnist-dnn", [0.25, 0.25, 0.25, 0.5]),
        ("vgg-localnorm", [0.3]),
        ("resnet20", []),
        ("allconv", [0.5, 0.5]),
        ("vgg16-bn-cifar", [0.5, 0.5]),
    ],
)
def test_dropout_rates(name: str, rates: list[float]) -> None:
    network = build_model(name)
    assert [m.p for m in network.modules() if isinstance(m, nn.Dropout)] == rates


@pytest.mark.parametrize(
    "name",
    [
        "mnist-dnn", "vgg-localnorm", "resnet32-preact", "resnet20", "wrn-16-4", "allconv",
        "densenet-40-12",
    ],
)  # fmt: skip
def test_networks_convert_to_localnorm_and_train(name: str) -> None:
    entry = ARCHITECTURES[name]
    network = convert_batchnorm(build_model(name), 2).model
    images = torch.zeros(4, entry.in_channels, entry.image_size, entry.image_size)
    network(images).sum().backward()
    assert all(p.grad is not None for p in network.parameters())
