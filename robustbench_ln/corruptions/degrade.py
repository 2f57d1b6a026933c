"""Images and a condition in, degraded images out: the one way to every corruption and noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from robustbench_ln.corruptions.contract import Corruption, Parameters, corrupt_images
from robustbench_ln.corruptions.frost import choose_textures, with_textures
from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.noise_sums import NoiseSums, noise_sums
from robustbench_ln.corruptions.pixel_range import RescaleLimits, return_to_range
from robustbench_ln.corruptions.registry import find_corruption
from robustbench_ln.corruptions.severities import severity_parameters
from robustbench_ln.images import check_uint8_images
from robustbench_ln.rng import image_streams
from robustbench_ln.spec import Condition, FrostTextures

__all__ = ["Degraded", "Inputs", "add_noise", "degrade", "find_condition"]


class Inputs(NamedTuple):
    """What some conditions need besides the images.

    Attributes:
        limits: Smallest and largest value of the whole evaluated set, for the range "rescale".
        frost: Textures for the corruption frost; None makes procedural ones.
    """

    limits: RescaleLimits | None = None
    frost: FrostTextures | None = None


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
    inputs: Inputs = Inputs(),  # noqa: B008  (frozen)
) -> Degraded:
    """Degrade a batch. Image i depends on (seed, corruption, severity, i) alone.

    Args:
        images: [N, H, W, C] uint8; not changed. Of a stored condition: as they were read.
        condition: What to do.
        seed: Seed of the run.
        indices: [N] positions of the images in the data set.
        inputs: What the condition needs besides the image.

    Raises:
        ImageError: The corruption cannot take such images.
    """
    check_uint8_images(images)
    if condition.is_clean or condition.is_stored:
        return Degraded(images, [])
    changed = add_noise(images, condition, seed=seed, indices=indices, frost=inputs.frost)
    if condition.range is None:
        return Degraded(changed, [])
    seen = return_to_range(changed, condition.range, inputs.limits)
    is_clipped = condition.range == "clip"
    return Degraded(seen, noise_sums(images, changed, seen, is_clipped=is_clipped))


def add_noise(
    images: Tensor,
    condition: Condition,
    *,
    seed: int,
    indices: Sequence[int],
    frost: FrostTextures | None = None,
) -> Tensor:
    """Draw and apply, without the range step: for a LocalNorm noise floats that may leave 0..1."""
    entry, parameters = find_condition(condition)
    if entry.has_textures:
        entry = with_textures(entry, choose_textures(frost, condition.frost))
    streams = image_streams(seed, entry.name, float(condition.severity), indices=indices)
    return corrupt_images(entry, images, parameters, streams)


def find_condition(condition: Condition) -> tuple[Corruption, Parameters]:
    """Return what a condition names: a LocalNorm noise with its sigma, or a row of a table."""
    if condition.convention is not None:
        return NOISES[condition.corruption, condition.convention], (float(condition.severity),)
    name, severity_table = condition.corruption, condition.severity_table or ""
    parameters = severity_parameters(
        name, severity_table=severity_table, severity=condition.severity
    )
    return find_corruption(name), parameters
