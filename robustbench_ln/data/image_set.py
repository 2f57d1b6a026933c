"""What every source of images looks like to the rest: labels in memory, pixels read on demand."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.data.pixel_advice import advise_uint8
from robustbench_ln.errors import DataError

__all__ = [
    "ArrayImages",
    "ImageSet",
    "ImageShape",
    "Labels",
    "Numbering",
    "Pixels",
    "Tick",
    "check_labels",
    "check_pixels",
    "hash_arrays",
]

MOST_CLASSES = 2**20
"""Of a data set. Lists of all classes are made; a file's labels must not make them huge."""

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]
Tick = Callable[[int, int], None]
Numbering = Literal["given", "folders", "list"]
"""Where the numbers of classes come from: the data or a map says each; the order of the folders'
names; or the place in a list of all classes of the network."""


class ImageShape(NamedTuple):
    """Shape of one image as files hold it: (H, W, C).

    >>> ImageShape(28, 32, 3).as_input
    (3, 28, 32)
    """

    height: int
    width: int
    channels: int

    @classmethod
    def of(cls, pixels: NDArray[np.generic]) -> Self:
        """Return the shape of each image of [..., H, W, C]."""
        return cls(*map(int, pixels.shape[-3:]))

    @classmethod
    def from_input(cls, shape: tuple[int, int, int]) -> Self:
        """Return the shape of images that a network takes as (C, H, W)."""
        channels, height, width = shape
        return cls(height, width, channels)

    @property
    def as_input(self) -> tuple[int, int, int]:
        """(C, H, W), as a network takes the image."""
        return self.channels, self.height, self.width

    @property
    def smaller_side(self) -> int:
        """The smaller of height and width."""
        return min(self.height, self.width)

    @property
    def num_values(self) -> int:
        """Number of values, H x W x C."""
        return math.prod(self)

    @property
    def size(self) -> str:
        """Height and width as messages say them: "28x32"."""
        return f"{self.height}x{self.width}"


class ImageSet(Protocol):
    """Labelled images of one size."""

    @property
    def source(self) -> str:
        """Name as the user wrote it: "arrays:FILE.npz"."""
        ...

    @property
    def kind(self) -> str:
        """The part before the colon: "arrays", "cifar10", "folder", ..."""
        ...

    @property
    def labels(self) -> Labels:
        """[N] int64, each 0 or more."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name a class, or () where the source has none."""
        ...

    @property
    def numbering(self) -> Numbering:
        """Where the numbers of the classes come from."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """A line on each thing that was left out or chosen in reading; () where nothing was."""
        ...

    @property
    def shape(self) -> ImageShape:
        """(H, W, C) of every image."""
        ...

    def __len__(self) -> int:
        """Return N."""
        ...

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> Pixels:
        """Return uint8 [len(indices), H, W, C], in the order of `indices`.

        Raises:
            DataError: A file cannot be read or has another shape; the message names it.
        """
        ...

    def image_id(self, index: int) -> str:
        """Return what to call image `index` in a message: its file, or its position."""
        ...

    def sha256(self, tick: Tick | None = None) -> str:
        """Return the digest of pixels (or files) and labels; `tick(done, total)` reports progress.

        Options that change what `read` returns (resize, crop) are part of the digest.
        """
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayImages:
    """Images that lie in memory. See `ImageSet` for the fields.

    Raises:
        DataError: No images, a wrong shape or dtype, or labels that do not fit the images.
    """

    source: str
    kind: str
    pixels: Pixels
    labels: Labels
    class_names: tuple[str, ...] = ()
    numbering: Numbering = "given"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that pixels and labels belong together."""
        check_pixels(self.pixels, self.source)
        check_labels(self.labels, len(self.pixels), self.source)

    @property
    def shape(self) -> ImageShape:
        """(H, W, C)."""
        return ImageShape.of(self.pixels)

    def __len__(self) -> int:
        """Return N."""
        return len(self.pixels)

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> Pixels:
        """Return a copy of the chosen images."""
        return self.pixels[np.asarray(indices, dtype=np.int64)]

    def image_id(self, index: int) -> str:
        """Return the position."""
        return f"image {index} of {self.source}"

    def sha256(self, tick: Tick | None = None) -> str:
        """Return the digest of shape, pixels and labels."""
        digest = hash_arrays(self.pixels, self.labels)
        if tick is not None:
            tick(len(self), len(self))
        return digest


def hash_arrays(pixels: Pixels, labels: Labels) -> str:
    """Return the SHA-256 of shape, pixels and labels; it is in every record."""
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    digest.update(np.ascontiguousarray(labels, dtype="<i8").data)
    return digest.hexdigest()


def check_pixels(pixels: NDArray[np.generic], source: str) -> None:
    """Demand at least one uint8 image, [N, H, W, C] with one or three channels."""
    if pixels.dtype != np.uint8:
        raise DataError(
            f"{source}: images are {pixels.dtype}; expected uint8, 0..255. {advise_uint8(pixels)}"
        )
    if pixels.ndim != 4 or pixels.shape[-1] not in (1, 3) or 0 in pixels.shape[1:]:
        raise DataError(
            f"{source}: images have shape {list(pixels.shape)}; expected [N, H, W, C] with C = 1 "
            "or 3, or [N, H, W]"
        )
    if len(pixels) == 0:
        raise DataError(f"{source}: no images")


def check_labels(labels: NDArray[np.generic], num_images: int, source: str) -> None:
    """Demand one integer class, 0 or more, for each image."""
    if labels.shape != (num_images,):
        raise DataError(
            f"{source}: labels have shape {list(labels.shape)}; expected [{num_images}], "
            "one for each image"
        )
    if labels.dtype.kind not in "iu":
        raise DataError(f"{source}: labels are {labels.dtype}; expected integer class indices")
    if num_images and labels.min() < 0:
        raise DataError(f"{source}: label {labels.min()} is below 0; class indices start at 0")
    if num_images and labels.max() >= MOST_CLASSES:
        raise DataError(
            f"{source}: label {labels.max()}; expected the index of a class, below {MOST_CLASSES:,}"
        )
