"""torchvision's classification networks, and the one place that imports torchvision for them."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import NamedTuple

from torch import nn

from robustbench_ln.errors import LnBenchError
from robustbench_ln.lookup import unknown_name
from robustbench_ln.models.architecture import Architecture

__all__ = ["import_torchvision_models", "torchvision_architecture", "torchvision_names"]


class _Facts(NamedTuple):
    """What is so of a network, where it is not so of most.

    Attributes:
        image_size: Side of the images of the published weights.
        transforms_input: Whether torchvision turns the input into -1..1 where it loads the
            published weights itself.
        options: Options of the network's builder.
    """

    image_size: int = 224
    transforms_input: bool = False
    options: Mapping[str, bool] = MappingProxyType({})


_QUICK = MappingProxyType({"init_weights": False})
"""Else they initialise themselves in minutes, and warn unless told whether to."""

_FACTS = {
    "googlenet": _Facts(transforms_input=True, options=_QUICK),
    "inception_v3": _Facts(image_size=299, transforms_input=True, options=_QUICK),
}

_OLD_DENSENET_NAME = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
"""The published DenseNets were saved before torch forbade dots in names: norm.1 is norm1 now."""


def import_torchvision_models() -> ModuleType:
    """Return `torchvision.models`.

    Raises:
        LnBenchError: torchvision is missing, or was built for another torch: a CPU-only torch
            beside the registry's torchvision stops at "operator torchvision::nms does not exist".
    """
    try:
        return importlib.import_module("torchvision.models")
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        pair = f"torch {_version('torch')} and torchvision {_version('torchvision')}"
        raise LnBenchError(
            f"{pair} do not work together ({str(error).partition(chr(10))[0]}); install both "
            "plainly from the registry: pip install --force-reinstall torch torchvision"
        ) from error


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def torchvision_names() -> list[str]:
    """Return the names of torchvision's classification networks."""
    models = import_torchvision_models()
    names: list[str] = models.list_models(module=models)
    return names


def torchvision_architecture(name: str) -> Architecture:
    """Return torchvision's network `name`, for colour images; nothing is downloaded.

    Raises:
        SpecError: torchvision has no such network.
        LnBenchError: torchvision cannot be imported.
    """
    names = torchvision_names()
    if name not in names:
        raise unknown_name(name, names, kind="torchvision network")
    facts = _FACTS.get(name, _Facts())

    def build(num_classes: int, in_channels: int) -> nn.Module:
        del in_channels
        network: nn.Module = import_torchvision_models().get_model(
            name, weights=None, num_classes=num_classes, **facts.options
        )
        return network

    return Architecture(
        id=f"torchvision:{name}",
        build=build,
        num_classes=1000,
        in_channels=3,
        image_size=facts.image_size,
        source=f"torchvision.models.{name}",
        transforms_input=facts.transforms_input,
        rename=lambda tensor: _OLD_DENSENET_NAME.sub(r"\1\2", tensor),
    )
