"""The 19 common corruptions by their published names, and their severities.

Source: Hendrycks and Dietterich 2019, "Benchmarking neural network robustness to common
corruptions and perturbations".
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType
from typing import Literal

__all__ = [
    "BENCHMARK_CORRUPTIONS",
    "CORRUPTION_FAMILIES",
    "EXTRA_CORRUPTIONS",
    "FAMILY_OF",
    "SEVERITIES",
    "CorruptionFamilyName",
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
