"""Images of the size that the network is for, where that is known."""

from __future__ import annotations

from robustbench_ln.data.image_set import ImageShape
from robustbench_ln.errors import settings
from robustbench_ln.evaluation.checks.probe import Probe
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, note, passed

__all__ = ["check_image_size"]

NAME = "image_size"


def check_image_size(probe: Probe) -> CheckResult:
    """Note images of another size than the network's; convolutions take any."""
    size = probe.subject.image_size
    if size is None or probe.pixels is None:
        return not_applicable(NAME, "there are no clean images, or nobody says the network's size")
    shape = ImageShape.of(probe.pixels)
    numbers = {"height": shape.height, "width": shape.width, "expected": size}
    if shape.height == shape.width == size:
        return passed(NAME, f"images are {size}x{size}", **numbers)
    return note(
        NAME,
        f"images are {shape.size}, {probe.subject.checkpoint.arch} is for {size}x{size}: "
        "accuracy is that of another scale. Use images of that size; for pictures, "
        f"{settings(resize=size, crop=size)}",
        **numbers,
    )
