"""The 19 common corruptions by their published names; severities and sigmas as people write them.

Source: Hendrycks and Dietterich 2019, "Benchmarking neural network robustness to common
corruptions and perturbations".
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from itertools import chain
from types import MappingProxyType
from typing import Literal

from robustbench_ln.errors import SpecError, setting

__all__ = [
    "BENCHMARK_CORRUPTIONS",
    "CONVENTIONS",
    "CORRUPTION_FAMILIES",
    "EXTRA_CORRUPTIONS",
    "FAMILY_OF",
    "PROBABILITY_NOISES",
    "RANGES",
    "SEVERITIES",
    "SEVERITY_TABLE_NAMES",
    "CorruptionFamilyName",
    "check_sigma",
    "parse_severities",
    "parse_sigmas",
]

CorruptionFamilyName = Literal["noise", "blur", "weather", "digital"]

CORRUPTION_FAMILIES: Mapping[CorruptionFamilyName, tuple[str, ...]] = MappingProxyType(
    {
        "noise": ("gaussian_noise", "shot_noise", "impulse_noise"),
        "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
        "weather": ("snow", "frost", "fog", "brightness"),
        "digital": ("contrast", "elastic_transform", "pixelate", "jpeg_compression"),
    }
)
"""The corruptions of the benchmark by family, in the order of the published tables."""

BENCHMARK_CORRUPTIONS = tuple(chain.from_iterable(CORRUPTION_FAMILIES.values()))
"""The 15 corruptions that means and mCE are taken over."""

_EXTRA_FAMILIES: Mapping[str, CorruptionFamilyName] = MappingProxyType(
    {
        "speckle_noise": "noise",
        "gaussian_blur": "blur",
        "spatter": "weather",
        "saturate": "digital",
    }
)
EXTRA_CORRUPTIONS = tuple(_EXTRA_FAMILIES)
"""Published beside the benchmark; always shown separately."""

FAMILY_OF: Mapping[str, CorruptionFamilyName] = MappingProxyType(
    {name: family for family, names in CORRUPTION_FAMILIES.items() for name in names}
    | dict(_EXTRA_FAMILIES)
)
"""Corruption -> family, of all 19."""

SEVERITIES = (1, 2, 3, 4, 5)

SEVERITY_TABLE_NAMES = ("cifar10-c", "imagenet-c")

CONVENTIONS = ("paper", "released")
"""Definitions of the noises of the LocalNorm papers."""

RANGES = ("clip", "rescale", "none")
"""How noisy images return to 0..1."""

PROBABILITY_NOISES = frozenset({"mbn"})
"""Noises of the LocalNorm papers whose sigma is a probability."""

_MOST_SIGMAS = 10_000
_LARGEST_SIGMA = 1000
"""Of any noise: the papers end at 5, float32 and the counts of APN much later."""


def parse_severities(text: str) -> tuple[int, ...]:
    """Return the severities of "1-5", "1,3,5" or "5".

    >>> parse_severities("1-3,5")
    (1, 2, 3, 5)

    Raises:
        SpecError: Not whole numbers, or outside 1-5.
    """
    chosen: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        ends = (first, last) if dash else (first, first)
        if not all(end.strip().isdecimal() for end in ends):
            raise SpecError(
                f"{setting('severities', text)}: expected numbers of 1 to 5, as 1-5 or 1,3,5"
            )
        chosen += range(int(ends[0]), int(ends[1]) + 1)
    if not chosen or not set(chosen) <= set(SEVERITIES):
        raise SpecError(
            f"{setting('severities', text)}: expected numbers of 1 to 5, as 1-5 or 1,3,5"
        )
    return tuple(dict.fromkeys(chosen))


def check_sigma(noise: str, sigma: float) -> None:
    """Demand a sigma that can be computed with, and a probability where it is one."""
    if not 0 <= sigma <= _LARGEST_SIGMA:
        raise SpecError(f"sigma {sigma:g} of {noise}: expected 0 or more, at most {_LARGEST_SIGMA}")
    if noise in PROBABILITY_NOISES and sigma > 1:
        raise SpecError(f"sigma {sigma:g} of {noise}: it is a probability, expected 0..1")


def parse_sigmas(text: str) -> tuple[float, ...]:
    """Return the sigmas of "0,0.5,1" or "0:2:0.25" (start:stop:step, stop included).

    >>> parse_sigmas("0:0.5:0.1")
    (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)

    Raises:
        SpecError: Not numbers, a step of 0 or less, or a stop before the start.
    """
    hint = "expected numbers as 0,0.5,1 or start:stop:step as 0:2:0.25"
    try:
        if ":" not in text:
            return tuple(float(Decimal(part)) for part in text.split(","))
        start, stop, step = (Decimal(part) for part in text.split(":"))
        if not step > 0 or stop < start or not stop.is_finite():
            raise SpecError(
                f"{setting('sigmas', text)}: the step must be above 0 and the stop not below it"
            )
        count = int((stop - start) / step) + 1
    except (InvalidOperation, ValueError) as error:
        if isinstance(error, SpecError):
            raise
        raise SpecError(f"{setting('sigmas', text)}: {hint}") from error
    if count > _MOST_SIGMAS:
        raise SpecError(
            f"{setting('sigmas', text)}: {count} values; expected at most {_MOST_SIGMAS}"
        )
    return tuple(float(start + index * step) for index in range(count))
