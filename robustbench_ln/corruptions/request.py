"""What is asked of clean images, as a frozen value: noises, common corruptions, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from robustbench_ln.corruption_names import SEVERITIES
from robustbench_ln.corruptions.conditions import corruption_conditions, noise_conditions
from robustbench_ln.corruptions.frost import load_frost_textures
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.spec import Condition, FrostTextures

__all__ = ["ConditionRequest", "Degradation"]


class Degradation(NamedTuple):
    """What is done to images: a `ConditionRequest` with its names looked up.

    Attributes:
        conditions: The clean condition first, if it is one of them.
        frost: Pictures that frost is cut from; None where there is no frost.
    """

    conditions: tuple[Condition, ...]
    frost: FrostTextures | None


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
    """

    noises: tuple[str, ...] = ()
    sigmas: Sequence[float] | None = None
    convention: str = "paper"
    pixel_range: str | None = None
    corruptions: tuple[str, ...] = ()
    severity_table: str | None = None
    severities: Sequence[float] = SEVERITIES
    frost_dir: Path | None = None

    def resolve(self, source_kind: str = "arrays") -> Degradation:
        """Look the names up, and read what they need.

        Args:
            source_kind: Kind of the images' source, which decides the range of released noises.

        Raises:
            SpecError: See `noise_conditions` and `corruption_conditions`.
            DataError: Frost is asked for, and its photographs cannot be read.
        """
        noises = noise_conditions(
            self.noises,
            convention=self.convention,
            pixel_range=self.pixel_range,
            sigmas=self.sigmas,
            source_kind=source_kind,
        )
        corruptions = corruption_conditions(
            self.corruptions, severity_table=self.severity_table, severities=self.severities
        )
        textured = [c for c in corruptions if CORRUPTIONS[c.corruption].has_textures]
        frost = load_frost_textures(self.frost_dir) if textured else None
        marked = {c: replace(c, frost=frost.kind) for c in textured} if frost else {}
        return Degradation((*noises, *(marked.get(c, c) for c in corruptions)), frost)

    def resolve_one_family(self, source_kind: str = "arrays") -> Degradation:
        """Resolve noises or corruptions, without the clean condition.

        Raises:
            SpecError: Both families or neither, or a setting of the other family, which would be
                ignored.
        """
        if bool(self.corruptions) == bool(self.noises):
            raise SpecError(
                f"give either {setting('corruptions', 'LIST')} (or cifar10-c) or "
                f"{setting('noises', 'LIST')}"
            )
        if self.noises and self._sets_corruptions():
            raise SpecError(
                f"{setting('severity_table')}, {setting('severities')} and {setting('frost_dir')} "
                f"are for {setting('corruptions')}"
            )
        if self.corruptions and self._sets_noises():
            raise SpecError(
                f"{setting('sigmas')}, {setting('convention')} and {setting('pixel_range')} "
                f"are for {setting('noises')}"
            )
        found = self.resolve(source_kind)
        return found._replace(conditions=tuple(c for c in found.conditions if not c.is_clean))

    def _sets_corruptions(self) -> bool:
        given = (self.severity_table, self.frost_dir) != (None, None)
        return given or tuple(self.severities) != SEVERITIES

    def _sets_noises(self) -> bool:
        return (self.sigmas, self.pixel_range, self.convention) != (None, None, "paper")
