"""A condition is one way to degrade the images; a request asks for several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from robustbench_ln.corruption_names import SEVERITIES, check_sigma
from robustbench_ln.errors import SpecError, setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CLEAN", "Condition", "ConditionRequest", "FrostTextures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One way to degrade the images: a row of every table.

    Attributes:
        corruption: Name in the registry of corruptions, or "clean".
        severity: 1-5 for a common corruption, sigma for a noise, 0 for clean.
        convention: "paper" or "released" for the LocalNorm noises, else None.
        range: How a noise returns to the pixel range: "clip", "rescale" or "none"; else None.
        severity_table: "cifar10-c" or "imagenet-c" for a common corruption, else None.
        frost: "photographs" or "procedural" for frost, else None.
        origin: "generated" by this package, or "official": made by others.
        corrupted_sha256: Digest of stored images, of a folder that of names and sizes; else None.
        parts: Number and digest of the conditions of which each image has one; None for one alone.
    """

    corruption: str
    severity: float
    convention: str | None = None
    range: str | None = None
    severity_table: str | None = None
    frost: str | None = None
    origin: str = "generated"
    corrupted_sha256: str | None = None
    parts: str | None = None

    def __post_init__(self) -> None:
        """Refuse severities that no corruption has."""
        if not math.isfinite(self.severity) or self.severity < 0:
            raise SpecError(
                f"{self.corruption} has severity {self.severity}; sigma and severity start at 0"
            )

    @property
    def is_clean(self) -> bool:
        """Whether these are the clean images."""
        return self.corruption == "clean"

    @property
    def has_sigma(self) -> bool:
        """Whether its severity is the sigma of a LocalNorm noise."""
        return self.convention is not None

    @property
    def is_stored(self) -> bool:
        """Whether the corrupted images lie on disk, and are not made here."""
        return self.corrupted_sha256 is not None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values, in their order; `parts` only where there are some."""
        return {name: v for name, v in asdict(self).items() if name != "parts" or v is not None}


CLEAN = Condition(corruption="clean", severity=0.0)


@dataclass(frozen=True, eq=False)
class FrostTextures:
    """The pictures that the corruption frost is cut from.

    Attributes:
        kind: "photographs", or "procedural" where there are none.
        textures: Five of uint8 [height, width, 3], RGB. The published generator has a sixth file
            and never draws it.
    """

    kind: Literal["photographs", "procedural"]
    textures: Sequence[NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionRequest:
    """How images are to be degraded, before a name or a number of it was looked up.

    Attributes:
        noises: Names of noises of the LocalNorm papers.
        sigmas: Sigmas of every noise; None is the released list of each.
        convention: Convention of the noises: "paper" or "released".
        pixel_range: Range of noisy images: "clip", "rescale" or "none"; None is the convention's.
        corruptions: Names of common corruptions, or of a severity table for all 19 with it.
        severity_table: What the severities of named corruptions mean: "cifar10-c", "imagenet-c".
        severities: Severities of every corruption, 1-5.
        frost_dir: Folder with the photographs of frost; None looks for an installed package.

    Raises:
        SpecError: A sigma that one of the noises cannot have, or that is no number.
    """

    noises: tuple[str, ...] = ()
    sigmas: Sequence[float] | None = None
    convention: str = "paper"
    pixel_range: str | None = None
    corruptions: tuple[str, ...] = ()
    severity_table: str | None = None
    severities: Sequence[float] = SEVERITIES
    frost_dir: Path | None = None

    def __post_init__(self) -> None:
        """Check the numbers, which may be in arrays; names are looked up later."""
        for name, example in (("sigmas", [0, 0.5, 1]), ("severities", [1, 2, 3])):
            numbers = getattr(self, name)
            try:
                numbers = None if numbers is None else tuple(map(float, numbers))
            except (TypeError, ValueError) as error:
                raise SpecError(f"expected numbers as {setting(name, example)}") from error
            object.__setattr__(self, name, numbers)
        for noise, sigma in product(self.noises, self.sigmas or ()):
            check_sigma(noise, sigma)

    @property
    def sets_corruptions(self) -> bool:
        """Whether something is asked of common corruptions besides their names."""
        given = (self.severity_table, self.frost_dir) != (None, None)
        return given or tuple(self.severities) != SEVERITIES

    @property
    def sets_noises(self) -> bool:
        """Whether something is asked of noises besides their names."""
        return (self.sigmas, self.pixel_range, self.convention) != (None, None, "paper")
