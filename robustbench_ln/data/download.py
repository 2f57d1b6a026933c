"""Fetching published data sets, through torchvision."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from types import MappingProxyType

from robustbench_ln.errors import DataError, setting

__all__ = ["DOWNLOADS", "download_data", "is_fetched"]

DOWNLOADS: Mapping[str, str] = MappingProxyType(
    {
        "cifar10": "CIFAR10",
        "cifar100": "CIFAR100",
        "mnist": "MNIST",
        "fashion-mnist": "FashionMNIST",
    }
)
"""Kind -> class of torchvision.datasets. Each verifies what it fetched."""


def is_fetched(source: str) -> bool:
    """Whether KIND:PATH is of a kind that can be fetched.

    >>> is_fetched("cifar10:data"), is_fetched("folder:photos")
    (True, False)
    """
    return source.partition(":")[0] in DOWNLOADS


def download_data(kind: str, folder: Path) -> None:
    """Fetch one of `DOWNLOADS` into `folder`, unless torchvision finds it there.

    What a stopped download left behind is not taken for data: torchvision checks digests, and the
    readers check sizes.

    Raises:
        DataError: It could not be fetched, or not be written.
    """
    from torchvision import datasets

    try:
        getattr(datasets, DOWNLOADS[kind])(str(folder), train=False, download=True)
    except (OSError, RuntimeError, HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"{setting('download')}: {kind} could not be fetched into {folder} ({reason}); fetch "
            f"it by hand and leave {setting('download')} out"
        ) from error
