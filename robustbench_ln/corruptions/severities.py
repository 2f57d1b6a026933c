"""Parameters of the 19 common corruptions for severities 1-5, as published, and nothing else.

The columns of each row are explained where the corruption is defined. What the two generators do
differently (textures shrunk or not, constants that scale with the image or not) is a column too,
so that a table means the same at every image size.

Source: hendrycks/robustness, ImageNet-C/create_c/make_cifar_c.py and make_imagenet_c.py
    (Hendrycks and Dietterich, 2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from robustbench_ln.corruption_names import SEVERITIES
from robustbench_ln.corruptions.contract import Parameters
from robustbench_ln.errors import SpecError
from robustbench_ln.lookup import find_entry

__all__ = ["SEVERITY_TABLES", "severity_parameters"]

Rows = tuple[Parameters, ...]


def _single(*values: float) -> Rows:
    return tuple((value,) for value in values)


_CIFAR10_C: dict[str, Rows] = {
    "gaussian_noise": _single(0.04, 0.06, 0.08, 0.09, 0.10),
    "shot_noise": _single(500, 250, 100, 75, 50),
    "impulse_noise": _single(0.01, 0.02, 0.03, 0.05, 0.07),
    "speckle_noise": _single(0.06, 0.1, 0.12, 0.16, 0.2),
    "gaussian_blur": _single(0.4, 0.6, 0.7, 0.8, 1),
    "glass_blur": ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
    "defocus_blur": ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
    "motion_blur": ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
    "zoom_blur": ((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
    "snow": (
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    ),
    "frost": ((1, 0.2, 0.2), (1, 0.3, 0.2), (0.9, 0.4, 0.2), (0.85, 0.4, 0.2), (0.75, 0.45, 0.2)),
    "fog": ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)),
    "brightness": _single(0.05, 0.1, 0.15, 0.2, 0.3),
    "saturate": ((0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)),
    "contrast": _single(0.75, 0.5, 0.4, 0.3, 0.15),
    "elastic_transform": (
        (0, 0, 0.08, 1),
        (0.05, 0.2, 0.07, 1),
        (0.08, 0.06, 0.06, 1),
        (0.1, 0.04, 0.05, 1),
        (0.1, 0.03, 0.03, 1),
    ),
    "pixelate": _single(0.95, 0.9, 0.85, 0.75, 0.65),
    "jpeg_compression": _single(80, 65, 58, 50, 40),
    "spatter": (
        (0.62, 0.1, 0.7, 0.7, 0.5, 0),
        (0.65, 0.1, 0.8, 0.7, 0.5, 0),
        (0.65, 0.3, 1, 0.69, 0.5, 0),
        (0.65, 0.1, 0.7, 0.69, 0.6, 1),
        (0.65, 0.1, 0.5, 0.68, 0.6, 1),
    ),
}

_IMAGENET_C: dict[str, Rows] = {
    "gaussian_noise": _single(0.08, 0.12, 0.18, 0.26, 0.38),
    "shot_noise": _single(60, 25, 12, 5, 3),
    "impulse_noise": _single(0.03, 0.06, 0.09, 0.17, 0.27),
    "speckle_noise": _single(0.15, 0.2, 0.35, 0.45, 0.6),
    "gaussian_blur": _single(1, 2, 3, 4, 6),
    "glass_blur": ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
    "defocus_blur": ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
    "motion_blur": ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
    "zoom_blur": ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
    "snow": (
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    ),
    "frost": ((1, 0.4, 1), (0.8, 0.6, 1), (0.7, 0.7, 1), (0.65, 0.7, 1), (0.6, 0.75, 1)),
    "fog": ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
    "brightness": _single(0.1, 0.2, 0.3, 0.4, 0.5),
    "saturate": ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)),
    "contrast": _single(0.4, 0.3, 0.2, 0.1, 0.05),
    "elastic_transform": (
        (488, 170.8, 24.4, 0),
        (488, 19.52, 48.8, 0),
        (12.2, 2.44, 4.88, 0),
        (17.08, 2.44, 4.88, 0),
        (29.28, 2.44, 4.88, 0),
    ),
    "pixelate": _single(0.6, 0.5, 0.4, 0.3, 0.25),
    "jpeg_compression": _single(25, 18, 15, 10, 7),
    "spatter": (
        (0.65, 0.3, 4, 0.69, 0.6, 0),
        (0.65, 0.3, 3, 0.68, 0.6, 0),
        (0.65, 0.3, 2, 0.68, 0.5, 0),
        (0.65, 0.3, 1, 0.65, 1.5, 1),
        (0.67, 0.4, 1, 0.65, 1.5, 1),
    ),
}

SEVERITY_TABLES: Mapping[str, Mapping[str, Rows]] = MappingProxyType(
    {
        "cifar10-c": MappingProxyType(_CIFAR10_C),
        "imagenet-c": MappingProxyType(_IMAGENET_C),
    }
)
"""Severity table -> corruption -> parameters of severities 1-5."""


def severity_parameters(name: str, *, severity_table: str, severity: float) -> Parameters:
    """Return the row of a common corruption.

    Raises:
        SpecError: No such table, no such corruption, or a severity other than 1, 2, 3, 4, 5.

    >>> severity_parameters("fog", severity_table="cifar10-c", severity=5)
    (1.5, 1.75)
    """
    rows = find_entry(SEVERITY_TABLES, severity_table, kind="severity table")
    row = find_entry(rows, name, kind="corruption", listed="corruptions")
    if severity not in SEVERITIES:
        raise SpecError(
            f"{name} has severity {severity:g}; the table '{severity_table}' has "
            f"{', '.join(map(str, SEVERITIES))}"
        )
    return row[SEVERITIES.index(int(severity))]
