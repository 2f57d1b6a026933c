"""What a shell offers after Tab: names, found without importing torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from robustbench_ln.corruption_names import FAMILY_OF
from robustbench_ln.files.shipped import SHIPPED_SUITES
from robustbench_ln.modes import MODES

__all__ = ["NAMES", "complete"]

NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "modes": ("all", *MODES),
        "corruptions": ("cifar10-c", "imagenet-c", *FAMILY_OF),
        "noises": ("agn", "agn-neg", "agn-additive", "apn", "apn-add", "mbn"),
        "norms": (
            "batch",
            "local",
            "switch",
            "group",
            "layer",
            "instance",
            "renorm",
            "ghost",
            "l1",
            "linf",
            "noisy",
        ),
        "archs": (
            "mnist-dnn",
            "vgg-localnorm",
            "vgg-localnorm-plain-head",
            "vgg19",
            "resnet32-preact",
            "resnet20",
            "resnet32",
            "resnet44",
            "resnet56",
            "resnet110",
            "wrn-16-4",
            "wrn-28-10",
            "wrn-40-2",
            "resnet18-cifar",
            "resnet18-preact",
            "resnet18-preact-final-norm",
            "resnet18-preact-raw-shortcut",
            "resnext29-4x32d",
            "resnext29-2x64d",
            "resnext29-4x64d",
            "resnext29-32x4d",
            "densenet-bc-100-12",
            "densenet-bc-cifar",
            "densenet-40-12",
            "allconv",
            "vgg16-bn-cifar",
            "vgg16-bn-cifar-linear-head",
        ),
        "recipes": (
            "mnist",
            "cifar-vgg",
            "cifar-resnet",
            "cifar-resnet-short",
            "cifar-resnet-finetune",
            "cars-finetune",
            "imagenet-finetune",
        ),
        "normalizations": (
            "none",
            "symmetric",
            "raw",
            "imagenet",
            "cifar10",
            "cifar100",
            "mnist",
        ),
        "figures": (
            "all",
            "none",
            "accuracy",
            "clean",
            "images",
            "histogram",
            "confusion",
            "bars",
            "cost",
            "votes",
            "reliability",
            "spread",
            "sweep",
        ),
        "suites": tuple(SHIPPED_SUITES),
        "baselines": (
            "none",
            "alexnet",
            "wrn-40-2",
        ),
    }
)
"""Names by what `ln-bench list` calls them. A test compares them with the registries, which import
torch and would make Tab take seconds."""


def complete(kind: str) -> Callable[[str], list[str]]:
    """Return what completes an option that takes these names, or a list of them.

    >>> complete("modes")("bn,dbn-s")
    ['bn,dbn-single', 'bn,dbn-single-rot90']
    """

    def names(incomplete: str) -> list[str]:
        done, comma, part = incomplete.rpartition(",")
        return [f"{done}{comma}{name}" for name in NAMES[kind] if name.startswith(part)]

    return names
