"""The input normalisations that --normalize knows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.lookup import unknown_name
from robustbench_ln.spec import Normalization

__all__ = ["NORMALIZATIONS", "check_normalization", "parse_normalization"]

Numbers = tuple[float, ...]

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
        "-1-1": "symmetric",
        "0..255": "raw",
        "0-255": "raw",
        "255": "raw",
        "uint8": "raw",
    }
)
"""What the network's input reaches from and to, which is how people know it -> the name."""


def parse_normalization(text: str, num_channels: int) -> Normalization:
    """Return what --normalize says, for images of so many channels.

    Args:
        text: A name, a range as "0..255", or MEAN/STD with one or three comma-separated values
            each.
        num_channels: C; one value is used for every channel.

    >>> parse_normalization("0.5/0.25", 3).std
    (0.25, 0.25, 0.25)

    Raises:
        SpecError: An unknown name, no numbers, or another number of channels.
    """
    text = _RANGES.get(text.replace(" ", ""), text)
    if text in NORMALIZATIONS:
        mean, std = NORMALIZATIONS[text]
    elif "/" in text:
        mean, std = _parse_numbers(text)
    else:
        ranges = "the network's input is 0..1 with none, -1..1 with symmetric, 0..255 with raw"
        known = unknown_name(text, [*NORMALIZATIONS, "MEAN/STD"], kind="normalisation")
        raise SpecError(f"{known.message.marked} ({ranges})")
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
        name = _RANGES.get(text.replace(" ", ""), text)
        mean, _ = NORMALIZATIONS.get(name, ((0.0,) * 3, ()))
        parse_normalization(text, len(mean))


def _parse_numbers(text: str) -> tuple[Numbers, Numbers]:
    try:
        mean, std = (tuple(float(v) for v in part.split(",")) for part in text.split("/"))
    except ValueError as error:
        raise SpecError(
            f"{setting('normalize', text)}: expected MEAN/STD, as in 0.5,0.5,0.5/0.25,0.25,0.25"
        ) from error
    return mean, std
