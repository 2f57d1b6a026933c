"""Images and a condition in, degraded images out: the one way to every corruption and noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.noise_sums import NoiseSums, noise_sums
from robustbench_ln.corruptions.pixel_range import RescaleLimits, return_to_range
from robustbench_ln.corruptions.registry import Corruption, Parameters
from robustbench_ln.images import check_uint8_images
from robustbench_ln.rng import image_streams
from robustbench_ln.spec import Condition

__all__ = ["Degraded", "add_noise", "degrade"]


class Degraded(NamedTuple):
    """Degraded images, and for a LocalNorm noise what it did to each image.

    Attributes:
        images: [N, H, W, C]; uint8, or float32 on the 0..1 scale where the convention keeps floats.
        sums: One entry an image for a LocalNorm noise, else empty.
    """

    images: Tensor
    sums: list[NoiseSums]


def degrade(
    images: Tensor,
    condition: Condition,
    *,
    seed: int,
    indices: Sequence[int],
    limits: RescaleLimits | None = None,
) -> Degraded:
    """Degrade a batch. Image i depends on (seed, corruption, severity, i) alone.

    Args:
        images: [N, H, W, C] uint8; not changed.
        condition: What to do.
        seed: Of the run.
        indices: [N] positions of the images in the data set.
        limits: For the range "rescale", of the whole evaluated set.

    Raises:
        ImageError: The corruption cannot take such images.
    """
    check_uint8_images(images)
    if condition.is_clean:
        return Degraded(images, [])
    changed = add_noise(images, condition, seed=seed, indices=indices)
    if condition.range is None:
        return Degraded(changed, [])
    seen = return_to_range(changed, condition.range, limits)
    is_clipped = condition.range == "clip"
    return Degraded(seen, noise_sums(images, changed, seen, is_clipped=is_clipped))


def add_noise(images: Tensor, condition: Condition, *, seed: int, indices: Sequence[int]) -> Tensor:
    """Draw and apply, without the range step: for a LocalNorm noise floats that may leave 0..1."""
    entry, parameters = _find(condition)
    name, severity = condition.corruption, float(condition.severity)
    draws = entry.draw(
        images.cpu(), parameters, image_streams(seed, name, severity, indices=indices)
    )
    return entry.apply(images, tuple(draw.to(images.device) for draw in draws), parameters)


def _find(condition: Condition) -> tuple[Corruption, Parameters]:
    if condition.convention is not None:
        return NOISES[condition.corruption, condition.convention], (float(condition.severity),)
    raise NotImplementedError
