"""Fetching published data sets, through torchvision."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from robustbench_ln.errors import DataError, SpecError

__all__ = ["DOWNLOADS", "download_data"]

DOWNLOADS: Mapping[str, str] = MappingProxyType(
    {
        "cifar10": "CIFAR10",
        "cifar100": "CIFAR100",
        "mnist": "MNIST",
        "fashion-mnist": "FashionMNIST",
    }
)
"""Kind -> class of torchvision.datasets. Each verifies what it fetched."""


def download_data(kind: str, folder: Path) -> None:
    """Fetch a data set into `folder`, unless it is there.

    Raises:
        SpecError: torchvision cannot fetch this kind.
        DataError: It could not be fetched, or not be written.
    """
    if kind not in DOWNLOADS:
        raise SpecError(f"--download: cannot fetch {kind}; it can {', '.join(DOWNLOADS)}")
    from torchvision import datasets

    try:
        getattr(datasets, DOWNLOADS[kind])(str(folder), train=False, download=True)
    except (OSError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"--download: {kind} could not be fetched into {folder} ({reason}); fetch it by hand "
            "and leave --download out"
        ) from error
