"""Images in the place of those that are not there yet: how long an evaluation will take needs none.

Their number and size are known of published sets. Every image is the same noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.data.image_set import ImageShape, Labels, Numbering, Pixels, Tick
from robustbench_ln.errors import DataError, setting
from robustbench_ln.files.paths import expand_home
from robustbench_ln.rng import stream

__all__ = ["StandInImages", "is_missing", "stand_in_for"]


class _Published(NamedTuple):
    """Number of test images, and their shape; None where resize and crop decide it."""

    number: int | None
    shape: ImageShape | None = None


_PUBLISHED: Mapping[str, _Published] = MappingProxyType(
    {
        "cifar10": _Published(10_000, ImageShape(32, 32, 3)),
        "cifar100": _Published(10_000, ImageShape(32, 32, 3)),
        "mnist": _Published(10_000, ImageShape(28, 28, 1)),
        "fashion-mnist": _Published(10_000, ImageShape(28, 28, 1)),
        "imagenet": _Published(50_000),
        "cars": _Published(8_041),
        "folder": _Published(None),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInImages:
    """An `ImageSet` of noise.

    Attributes:
        source: What it stands for, as the user wrote it.
        shape: (H, W, C) of every image.
        number: N.
    """

    source: str
    shape: ImageShape
    number: int
    class_names: tuple[str, ...] = ()
    numbering: Numbering = "given"
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The part before the colon."""
        return self.source.partition(":")[0]

    @property
    def labels(self) -> Labels:
        """[N], all 0."""
        return np.zeros(self.number, dtype=np.int64)

    def __len__(self) -> int:
        """Return N."""
        return self.number

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> Pixels:
        """Return uint8 [len(indices), H, W, C]."""
        image = stream(0, "stand-in").integers(0, 256, self.shape, dtype=np.uint8)
        return np.repeat(image[None], len(indices), axis=0)

    def image_id(self, index: int) -> str:
        """Return the position of an image."""
        return str(index)

    def sha256(self, tick: Tick | None = None) -> str:
        """Return no digest: these are no images of a run."""
        del tick
        return ""


def is_missing(source: str) -> bool:
    """Whether KIND:PATH names a folder that is not there, of a kind that noise can stand in for."""
    kind, _, path = source.partition(":")
    return kind in _PUBLISHED and not expand_home(path).exists()


def stand_in_for(
    source: str, *, limit: int | None, crop: int | None, size: int | None, channels: int
) -> StandInImages:
    """Return noise of the number and size of the images that KIND:PATH will name.

    Args:
        source: Images of a kind that `is_missing` knows.
        limit: Number of images to evaluate; how many there are where nobody else says it.
        crop: Side that pictures are cropped to.
        size: Side that the network is for; None where nobody says it.
        channels: That the network is for.

    Raises:
        DataError: Nobody says how many images there will be, or of which size.
    """
    number, shape = _PUBLISHED[source.partition(":")[0]]
    side, number = crop or size, number or limit
    if number is None:
        raise DataError(f"{source}: not there; give {setting('limit', 'N')} to estimate without it")
    if shape is None and side is None:
        raise DataError(f"{source}: not there; give {setting('crop', 'N')} to estimate without it")
    return StandInImages(
        source=source, shape=shape or ImageShape(side or 0, side or 0, channels), number=number
    )
