"""What is asked of clean images, as a frozen value: noises, common corruptions, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from robustbench_ln.corruption_names import SEVERITIES
from robustbench_ln.corruptions.conditions import corruption_conditions, noise_conditions
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.spec import Condition

__all__ = ["ConditionRequest"]


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

    def conditions(self, source_kind: str = "arrays") -> tuple[Condition, ...]:
        """Return the conditions, the clean one first.

        Args:
            source_kind: Kind of the images' source, which decides the range of released noises.

        Raises:
            SpecError: See `noise_conditions` and `corruption_conditions`.
        """
        return (
            *noise_conditions(
                self.noises,
                convention=self.convention,
                pixel_range=self.pixel_range,
                sigmas=self.sigmas,
                source_kind=source_kind,
            ),
            *corruption_conditions(
                self.corruptions,
                severity_table=self.severity_table,
                severities=self.severities,
                frost_dir=self.frost_dir,
            ),
        )

    def conditions_of_one_family(self, source_kind: str = "arrays") -> tuple[Condition, ...]:
        """Return the conditions of noises or of corruptions, without the clean one.

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
        return tuple(c for c in self.conditions(source_kind) if not c.is_clean)

    def _sets_corruptions(self) -> bool:
        given = (self.severity_table, self.frost_dir) != (None, None)
        return given or tuple(self.severities) != SEVERITIES

    def _sets_noises(self) -> bool:
        return (self.sigmas, self.pixel_range, self.convention) != (None, None, "paper")
