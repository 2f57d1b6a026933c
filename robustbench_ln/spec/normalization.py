"""How a network's input is normalised, and what people call it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.lookup import unknown_name

__all__ = [
    "NORMALIZATIONS",
    "Normalization",
    "check_normalization",
    "missing_normalization",
    "parse_normalization",
]

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalization:
    """The network's input normalisation, (x - mean) / std on the 0..1 scale.

    Attributes:
        name: What was given: "imagenet", "none", or the six numbers.
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
                f"{setting('normalize', self.name)}: {len(self.mean)} means and {len(self.std)} "
                "standard deviations; expected MEAN/STD with one or three comma-separated "
                "values each"
            )
        if not all(map(math.isfinite, self.mean + self.std)) or min(self.std) <= 0:
            raise SpecError(
                f"{setting('normalize', self.name)}: every mean and standard deviation must be "
                "finite, every standard deviation above 0"
            )
        if max(map(abs, self.mean + self.std)) > 10:
            raise SpecError(
                f"{setting('normalize', self.name)}: values are on the 0..1 pixel scale; divide "
                f"by 255 (a network that wants 0..255: {setting('normalize', 'raw')}, or means and "
                "standard deviations divided by 255)"
            )


NORMALIZATIONS: Mapping[str, tuple[Numbers, Numbers]] = MappingProxyType(
    {
        "none": ((0.0,), (1.0,)),
        "symmetric": ((0.5,), (0.5,)),
        "raw": ((0.0,), (1 / 255,)),
        "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
        "cifar100": ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
        "mnist": ((0.1307,), (0.3081,)),
    }
)
"""Name -> (mean, std) on the 0..1 scale; "none" is 0..1, "symmetric" -1..1, "raw" 0..255."""

_RANGES: Mapping[str, str] = MappingProxyType(
    {
        "0..1": "none",
        "0-1": "none",
        "-1..1": "symmetric",
        "0..255": "raw",
        "0-255": "raw",
        "255": "raw",
        "uint8": "raw",
    }
)
"""What the network's input reaches from and to, which is how people know it -> the name."""


def parse_normalization(text: str, num_channels: int) -> Normalization:
    """Return what --normalize says, for images with `num_channels` channels.

    Args:
        text: A name, a range as "0..255", or MEAN/STD with one or three comma-separated values
            each.
        num_channels: C; one value is used for every channel.

    >>> parse_normalization("0.5/0.25", 3).std
    (0.25, 0.25, 0.25)

    Raises:
        SpecError: An unknown name, no numbers, or another number of channels.
    """
    text = _RANGES.get(text, text)
    if text in NORMALIZATIONS:
        mean, std = NORMALIZATIONS[text]
    elif "/" in text:
        mean, std = _parse_numbers(text)
    else:
        unknown = unknown_name(text, [*NORMALIZATIONS, "MEAN/STD"], kind="normalisation")
        ranges = "none is an input of 0..1, symmetric of -1..1, raw of 0..255"
        raise SpecError(f"{unknown.message.marked} ({ranges})")
    if len(mean) == len(std) == 1:
        mean, std = mean * num_channels, std * num_channels
    normalization = Normalization(name=text, mean=mean, std=std)
    if len(mean) != num_channels:
        raise SpecError(
            f"{setting('normalize', text)} has {len(mean)} channels, the images have "
            f"{num_channels}; give as many values as channels, or one for all"
        )
    return normalization


def check_normalization(text: str | None) -> None:
    """Demand numbers or a name that exists, where something is said: nothing is read yet.

    Raises:
        SpecError: As `parse_normalization`; the number of channels is not known yet.
    """
    if text is not None:
        mean, _ = NORMALIZATIONS.get(_RANGES.get(text, text), ((0.0,) * 3, ()))
        parse_normalization(text, len(mean))


def _parse_numbers(text: str) -> tuple[Numbers, Numbers]:
    try:
        mean, std = (tuple(float(v) for v in part.split(",")) for part in text.split("/"))
    except ValueError as error:
        raise SpecError(
            f"{setting('normalize', text)}: expected MEAN/STD, as in 0.5,0.5,0.5/0.25,0.25,0.25"
        ) from error
    return mean, std


def missing_normalization() -> SpecError:
    """Return the error that nobody says how the input is normalised."""
    return SpecError(
        f"{setting('normalize')} is missing: give what the network was trained with "
        f"({', '.join(NORMALIZATIONS)}, or MEAN/STD). A wrong one costs tens of points"
    )
