"""Darkened copies of pictures, and copies of low contrast, as a network is shown them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.data.image_set import ImageSet, ImageShape, Labels, Numbering, Pixels, Tick
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.images import round_to_uint8, to_unit
from robustbench_ln.lookup import find_entry

__all__ = ["Degradation", "DegradedImages", "parse_degradations"]


def _darken(images: Tensor, factor: float) -> Tensor:
    """Multiply every value, to the nearest grey level: at 0.3 a value of 200 becomes 60."""
    return round_to_uint8(to_unit(images, torch.float64) * factor)


def _flatten(images: Tensor, factor: float) -> Tensor:
    """Scale the distance to each channel's mean over the picture, to the nearest grey level.

    Departs: the published corruption contrast cuts fractions off, so that a picture of one grey may
        become darker.
    """
    levels = to_unit(images, torch.float64)
    mean = levels.mean(dim=(1, 2), keepdim=True)
    return round_to_uint8(mean + factor * (levels - mean))


_KINDS: Mapping[str, Callable[[Tensor, float], Tensor]] = MappingProxyType(
    {"brightness": _darken, "contrast": _flatten}
)


@dataclass(frozen=True, slots=True)
class Degradation:
    """What is done to a copy of each picture, after it was scaled and cropped.

    Attributes:
        kind: "brightness", values times the factor; or "contrast", distances to each channel's mean
            over the picture times the factor.
        factor: What is left, above 0 and below 1: 0.3 is 30 %.

    Raises:
        SpecError: Another kind, or a factor out of its range.

    >>> str(Degradation("brightness", 0.3))
    'brightness 30 %'
    """

    kind: str
    factor: float

    def __post_init__(self) -> None:
        """Check kind and factor."""
        find_entry(_KINDS, self.kind, kind="degradation")
        if not 0 < self.factor < 1:
            raise SpecError(
                f"{setting('degrade', f'{self.kind}:{self.factor:g}')}: the factor is what is left "
                f"of the {self.kind}; expected a number above 0 and below 1, as in "
                f"{self.kind}:0.3"
            )

    def __str__(self) -> str:
        """Return what people read."""
        return f"{self.kind} {100 * self.factor:g} %"

    def apply(self, pixels: Pixels) -> Pixels:
        """Return uint8 [N, H, W, C], degraded."""
        changed: Pixels = _KINDS[self.kind](torch.from_numpy(pixels), self.factor).numpy()
        return changed


def parse_degradations(text: str) -> tuple[Degradation, ...]:
    """Return the degradations of "brightness:0.3,contrast:0.2".

    Raises:
        SpecError: No such degradation, no factor, or one degradation twice.
    """
    found = tuple(_parse(part.strip()) for part in text.split(",") if part.strip())
    if not found:
        raise SpecError(f"{setting('degrade')} is empty; expected KIND:FACTOR, as contrast:0.2")
    for at, degradation in enumerate(found):
        if degradation in found[:at]:
            raise SpecError(f"{setting('degrade', text)} has {degradation} twice; give it once")
    return found


def _parse(text: str) -> Degradation:
    kind, _, number = text.partition(":")
    find_entry(_KINDS, kind, kind="degradation")
    try:
        factor = float(number)
    except ValueError as error:
        raise SpecError(
            f"{setting('degrade', text)}: expected KIND:FACTOR, as in {kind}:0.3"
        ) from error
    return Degradation(kind, factor)


@dataclass(frozen=True)
class DegradedImages:
    """The images of a set, each degraded as it is read. See `ImageSet` for what is shared.

    Attributes:
        images: The images as they are.
        degradation: What is done to each.
    """

    images: ImageSet
    degradation: Degradation

    @property
    def source(self) -> str:
        """The set and what is done to it."""
        return f"{self.images.source} ({self.degradation})"

    @property
    def kind(self) -> str:
        """The kind of the set."""
        return self.images.kind

    @property
    def labels(self) -> Labels:
        """Those of the set."""
        return self.images.labels

    @property
    def class_names(self) -> tuple[str, ...]:
        """Those of the set."""
        return self.images.class_names

    @property
    def numbering(self) -> Numbering:
        """That of the set."""
        return self.images.numbering

    @property
    def notes(self) -> tuple[str, ...]:
        """Those of the set."""
        return self.images.notes

    @property
    def shape(self) -> ImageShape:
        """That of the set."""
        return self.images.shape

    def __len__(self) -> int:
        """Return N."""
        return len(self.images)

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> Pixels:
        """Return the chosen images, degraded."""
        return self.degradation.apply(self.images.read(indices))

    def image_id(self, index: int) -> str:
        """Return the image and what was done to it."""
        return f"{self.images.image_id(index)} ({self.degradation})"

    def sha256(self, tick: Tick | None = None) -> str:
        """Return the digest of the set's own and the degradation."""
        return hashlib.sha256(
            f"{self.images.sha256(tick)} {self.degradation!r}".encode()
        ).hexdigest()
