"""Pixels use the range 0..255."""

from __future__ import annotations

import numpy as np

from robustbench_ln.evaluation.checks.probe import Probe
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, passed, warning

__all__ = ["check_pixel_range"]

NAME = "pixel_range"

SMALLEST_MAXIMUM = 32
"""Largest pixel of an image, median over up to 64. Photographs and digits reach 200 and more;
images of 0 and 1, or of 16 grey levels, which were not multiplied, reach 1 and 16."""


def check_pixel_range(probe: Probe) -> CheckResult:
    """Warn where no pixel is brighter than a scale of 0..1 or of few levels would give."""
    if probe.pixels is None:
        return not_applicable(NAME, "there are no clean images")
    largest = int(np.median(probe.pixels.max(axis=(1, 2, 3))))  # some may be odd, or black
    if largest >= SMALLEST_MAXIMUM:
        return passed(NAME, "pixels use the range 0..255", largest=largest)
    return warning(
        NAME,
        f"the largest pixel of an image is {largest} of 255: the images are almost black, probably "
        f"on a scale of 0..{max(largest, 1)}. Save them as images * {255 / max(largest, 1):g}, "
        "rounded, in uint8",
        largest=largest,
    )
