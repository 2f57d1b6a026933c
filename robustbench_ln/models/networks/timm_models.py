"""timm's networks; timm is an extra."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from torch import nn

from robustbench_ln.errors import LnBenchError
from robustbench_ln.lookup import unknown_name
from robustbench_ln.models.architecture import Architecture

__all__ = ["has_timm", "import_timm", "timm_architecture"]


def has_timm() -> bool:
    """Whether timm is installed."""
    return importlib.util.find_spec("timm") is not None


def import_timm() -> ModuleType:
    """Return timm.

    Raises:
        LnBenchError: It is not installed, or does not import.
    """
    try:
        return importlib.import_module("timm")
    except ImportError as error:
        raise LnBenchError(
            f"timm cannot be imported ({str(error).partition(chr(10))[0]}); pip install timm"
        ) from error


def timm_architecture(name: str) -> Architecture:
    """Return timm's network `name`, with or without a weights tag; nothing is downloaded.

    Args:
        name: "resnet50", or "resnet50.a1_in1k" where the tag names published weights.

    Raises:
        SpecError: timm has no such network or tag.
        LnBenchError: timm is not installed.
    """
    timm = import_timm()
    bare, _, tag = name.partition(".")
    if not timm.is_model(bare):
        raise unknown_name(bare, timm.list_models(), kind="timm network")
    if tag and name not in timm.list_pretrained(f"{bare}.*"):
        raise unknown_name(name, timm.list_pretrained(f"{bare}.*"), kind="timm weights")
    channels, height, _ = timm.get_pretrained_cfg(name).input_size

    def build(num_classes: int, in_channels: int) -> nn.Module:
        network: nn.Module = timm.create_model(
            bare, pretrained=False, num_classes=num_classes, in_chans=in_channels
        )
        return network

    return Architecture(
        id=f"timm:{name}",
        build=build,
        num_classes=1000,
        in_channels=channels,
        image_size=height,
        source=f"timm, {bare}",
    )
