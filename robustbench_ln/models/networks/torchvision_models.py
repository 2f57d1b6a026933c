"""torchvision's classification networks, and the one place that imports torchvision for them."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
from types import ModuleType

from torch import nn

from robustbench_ln.errors import LnBenchError
from robustbench_ln.lookup import unknown_name
from robustbench_ln.models.architecture import Architecture

__all__ = ["import_torchvision_models", "torchvision_architecture", "torchvision_names"]

_INCEPTIONS = {"googlenet": 224, "inception_v3": 299}
"""Networks -> image size. They initialise themselves in minutes, warn unless told whether to, and
turn their input into -1..1 where torchvision loads the published weights itself."""

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
    options = {"init_weights": False} if name in _INCEPTIONS else {}

    def build(num_classes: int, in_channels: int) -> nn.Module:
        del in_channels
        network: nn.Module = import_torchvision_models().get_model(
            name, weights=None, num_classes=num_classes, **options
        )
        return network

    return Architecture(
        id=f"torchvision:{name}",
        build=build,
        num_classes=1000,
        in_channels=3,
        image_size=_INCEPTIONS.get(name, 224),
        source=f"torchvision.models.{name}",
        transforms_input=name in _INCEPTIONS,
        rename=lambda tensor: _OLD_DENSENET_NAME.sub(r"\1\2", tensor),
    )
