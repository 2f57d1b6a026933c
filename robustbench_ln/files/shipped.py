"""The files that come with the package, under the names that commands take them by.

`demo:NAME` is one of these wherever a checkpoint or a source of images is taken, and never a file
of that name: such a file is written `./demo:NAME`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from robustbench_ln.lookup import find_entry

__all__ = [
    "SHIPPED_CHECKPOINTS",
    "SHIPPED_IMAGES",
    "SHIPPED_SUITES",
    "ShippedFile",
    "find_shipped_checkpoint",
    "find_shipped_images",
    "is_shipped_name",
]

_FOLDER = Path(str(files("robustbench_ln") / "shipped"))
_PREFIX = "demo:"


class ShippedFile(NamedTuple):
    """A file that comes with the package.

    Attributes:
        path: Where it lies.
        label: What tables call it.
        description: What it holds, in a line.
    """

    path: Path
    label: str
    description: str


SHIPPED_CHECKPOINTS: Mapping[str, ShippedFile] = MappingProxyType(
    {
        "demo:batchnorm": ShippedFile(
            _FOLDER / "batchnorm.safetensors",
            "BatchNorm",
            "checkpoint: mnist-dnn with BatchNorm, trained on 3,600 digits of MNIST",
        ),
        "demo:localnorm": ShippedFile(
            _FOLDER / "localnorm.safetensors",
            "LocalNorm",
            "checkpoint: the same with LocalNorm of 10 groups; same start, digits and steps",
        ),
    }
)
"""Name -> checkpoint. The file states its network and input normalisation.

Its weights are float16, which halves the file, and are read as float32. With float32 weights bn,
dbn-batch, ln-batch and ln-voting get as many digits right, clean and at sigma 1.
"""

SHIPPED_IMAGES: Mapping[str, ShippedFile] = MappingProxyType(
    {
        "demo:digits": ShippedFile(
            _FOLDER / "digits.npz",
            "digits",
            "images: 1,000 digits of MNIST, 28x28, that neither checkpoint was trained on",
        )
    }
)
"""Name -> archive of `images` uint8 [N, 28, 28] and `labels` uint8 [N]."""


SHIPPED_SUITES: Mapping[str, ShippedFile] = MappingProxyType(
    {
        f"papers-{name}": ShippedFile(_FOLDER / "suites" / f"papers-{name}.toml", name, description)
        for name, description in (
            ("mnist", "BatchNorm and LocalNorm on the demo's digits under the papers' noises"),
            ("cifar10", "ResNet-32 and VGG of your training under noise and CIFAR-10-C"),
            ("cars", "ResNet-152 of your fine-tuning on Stanford Cars under noise"),
            ("imagenet", "VGG-16 as published and of your fine-tuning on ImageNet-C"),
        )
    }
)
"""Name -> suite, as `ln-bench run` takes it."""


def is_shipped_name(text: str) -> bool:
    """Whether a text is to be read as the name of a shipped file.

    >>> is_shipped_name("demo:batchnorm"), is_shipped_name("./demo:batchnorm")
    (True, False)
    """
    return text.startswith(_PREFIX)


def find_shipped_checkpoint(name: str) -> ShippedFile:
    """Return the checkpoint "demo:NAME".

    Raises:
        SpecError: No such name; the message has the nearest.
    """
    return find_entry(SHIPPED_CHECKPOINTS, name, kind="demo checkpoint", listed="demo")


def find_shipped_images(name: str) -> ShippedFile:
    """Return the images "demo:NAME".

    Raises:
        SpecError: No such name; the message has the nearest.
    """
    return find_entry(SHIPPED_IMAGES, name, kind="demo images", listed="demo")
