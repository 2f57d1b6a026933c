"""Every kind of image source, by the word before the colon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from robustbench_ln.data.arrays import load_arrays
from robustbench_ln.data.cifar import load_cifar10, load_cifar100
from robustbench_ln.data.download import DOWNLOADS, download_data
from robustbench_ln.data.folder import load_folder
from robustbench_ln.data.idx import load_idx
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import SpecError
from robustbench_ln.lookup import find_entry

__all__ = ["SOURCES", "DataOptions", "load_images"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """How a source is read.

    Attributes:
        resize: folder: pixels of the shorter side.
        crop: folder: pixels of the central square.
        download: Fetch the data set first.

    Raises:
        SpecError: A size below 1.
    """

    resize: int | None = None
    crop: int | None = None
    download: bool = False

    def __post_init__(self) -> None:
        """Check the sizes."""
        for option, value in (("--resize", self.resize), ("--crop", self.crop)):
            if value is not None and value < 1:
                raise SpecError(f"{option} is {value}; expected 1 or more pixels")


SOURCES: Mapping[str, Callable[[Path, str], ImageSet]] = MappingProxyType(
    {
        "arrays": load_arrays,
        "cifar10": load_cifar10,
        "cifar100": load_cifar100,
        "mnist": load_idx,
        "fashion-mnist": load_idx,
        "folder": load_folder,
    }
)
"""Kind -> reader of (path, source as written)."""


def load_images(source: str, options: DataOptions) -> ImageSet:
    """Return the images that KIND:PATH names.

    Raises:
        SpecError: No KIND:PATH, an unknown kind, or an option that the kind does not have.
        DataError: The images cannot be read.
    """
    kind, colon, path = source.partition(":")
    if not colon or not path:
        raise SpecError(
            f"--data {source}: expected KIND:PATH, as in cifar10:data ({', '.join(SOURCES)})"
        )
    load = find_entry(SOURCES, kind, kind="--data kind")
    folder = Path(path).expanduser()
    if kind == "folder":
        if options.download:
            raise SpecError(f"--download: cannot fetch folder; it can {', '.join(DOWNLOADS)}")
        return load_folder(folder, source, resize=options.resize, crop=options.crop)
    if options.resize is not None or options.crop is not None:
        raise SpecError(f"--resize and --crop are for folder: images; {kind} has one size")
    if options.download:
        download_data(kind, folder)
    return load(folder, source)
