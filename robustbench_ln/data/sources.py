"""Every kind of image source, by the word before the colon; their names: `files/image_kinds.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from robustbench_ln.data.arrays import load_arrays
from robustbench_ln.data.cars import load_cars
from robustbench_ln.data.cifar import load_cifar10, load_cifar100
from robustbench_ln.data.download import DOWNLOADS, download_data
from robustbench_ln.data.folder import load_folder
from robustbench_ln.data.idx import load_fashion_mnist, load_mnist
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.data.imagenet import load_imagenet
from robustbench_ln.data.options import DataOptions, Part
from robustbench_ln.data.shipped import load_shipped
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.files.image_kinds import find_kind
from robustbench_ln.files.paths import expand_home
from robustbench_ln.files.pictures import Framing

__all__ = ["ARRAY_SOURCES", "PICTURE_SOURCES", "load_images"]

ARRAY_SOURCES: Mapping[str, Callable[[Path, str, Part], ImageSet]] = MappingProxyType(
    {
        "arrays": lambda path, source, _: load_arrays(path, source),
        "cifar10": load_cifar10,
        "cifar100": load_cifar100,
        "mnist": load_mnist,
        "fashion-mnist": load_fashion_mnist,
        "demo": lambda _, source, part: load_shipped(source, part),
    }
)
"""Kind -> reader of (path, source as written, part). One size, in memory."""

PICTURE_SOURCES: Mapping[str, Callable[[Path, str, DataOptions], ImageSet]] = MappingProxyType(
    {"folder": load_folder, "imagenet": load_imagenet, "cars": load_cars}
)
"""Kind -> opener of (path, source as written, options). Picture files of any size."""


def load_images(source: str, options: DataOptions | None = None) -> ImageSet:
    """Return the images that KIND:PATH names.

    Args:
        source: KIND:PATH, as --data takes it.
        options: How they are read; None is as they are, of published sets the test part.

    >>> load_images("demo:digits").shape
    ImageShape(height=28, width=28, channels=1)

    Raises:
        SpecError: No KIND:PATH, an unknown kind, or an option that the kind does not have.
        DataError: The images cannot be read.
    """
    kind = find_kind(source)
    options = options or DataOptions()
    _check_options(kind, options)
    place = expand_home(source.partition(":")[2])
    if options.download:
        download_data(kind, place)
    if kind in PICTURE_SOURCES:
        return PICTURE_SOURCES[kind](place, source, options)
    return ARRAY_SOURCES[kind](place, source, options.part)


def _check_options(kind: str, options: DataOptions) -> None:
    """Refuse what would be ignored."""
    if kind not in PICTURE_SOURCES and options.framing != Framing():
        raise SpecError(
            f"{setting('resize')} and {setting('crop')} are for {', '.join(PICTURE_SOURCES)}; "
            f"the images of {kind} have one size"
        )
    if kind != "folder" and options.class_map is not None:
        raise SpecError(
            f"{setting('class_map')} is for folder:DIR; {kind} already has class numbers"
        )
    if options.download and kind not in DOWNLOADS:
        raise SpecError(
            f"{setting('download')}: cannot fetch {kind}; it fetches {', '.join(DOWNLOADS)}, and "
            f"the published weights of {setting('arch', 'torchvision:NAME')} and timm:NAME.TAG"
        )
