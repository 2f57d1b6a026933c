"""What was asked for, as frozen values that are checked once and passed whole. No torch here."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from robustbench_ln.errors import SpecError

__all__ = ["CLEAN", "Condition", "Normalization", "Order", "TieRule"]

Order = Literal["shuffled", "as-is"]
TieRule = Literal["random", "lowest", "logit-sum"]


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
    """

    corruption: str
    severity: float
    convention: str | None = None
    range: str | None = None
    severity_table: str | None = None
    frost: str | None = None

    def __post_init__(self) -> None:
        """Refuse severities that no corruption has."""
        if not math.isfinite(self.severity) or self.severity < 0:
            raise SpecError(
                f"{self.corruption} has severity {self.severity}; sigma and severity start at 0"
            )

    @property
    def is_clean(self) -> bool:
        """Whether the images stay as they are."""
        return self.corruption == "clean"

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values, in their order."""
        return asdict(self)


CLEAN = Condition(corruption="clean", severity=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalization:
    """The network's input normalisation, (x - mean) / std on the 0..1 scale.

    Attributes:
        name: As given: "imagenet", "none", or the six numbers.
        mean: One value a channel.
        std: One value a channel, above 0.
    """

    name: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse numbers that no data set has."""
        if len(self.mean) != len(self.std) or len(self.mean) not in (1, 3):
            raise SpecError(
                f"--normalize {self.name}: {len(self.mean)} means and {len(self.std)} standard "
                "deviations; expected MEAN/STD with one or three comma-separated values each"
            )
        if not all(map(math.isfinite, self.mean + self.std)) or min(self.std) <= 0:
            raise SpecError(
                f"--normalize {self.name}: every mean and standard deviation must be finite, "
                "every standard deviation above 0"
            )
        if max(map(abs, self.mean + self.std)) > 10:
            raise SpecError(
                f"--normalize {self.name}: values are on the 0..1 pixel scale; divide by 255"
            )
