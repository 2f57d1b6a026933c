"""How noisy floats return to the range of pixels: clipped, rescaled, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from robustbench_ln.images import round_to_uint8, to_unit

__all__ = ["ChannelLimits", "RescaleLimits", "channel_limits", "merge_limits", "return_to_range"]


class ChannelLimits(NamedTuple):
    """Smallest and largest value of each channel, both [C], 0..1 scale."""

    low: Tensor
    high: Tensor


class RescaleLimits(NamedTuple):
    """Limits of the whole noisy set and of the whole clean set."""

    noisy: ChannelLimits
    clean: ChannelLimits


def channel_limits(images: Tensor) -> ChannelLimits:
    """Return the limits of one batch [N, H, W, C], uint8 or float."""
    places = images.flatten(1)  # [N, H * W * C]: over images first, where values lie side by side
    channels = images.shape[-1]
    low = places.amin(dim=0).reshape(-1, channels).amin(dim=0)
    high = places.amax(dim=0).reshape(-1, channels).amax(dim=0)
    return ChannelLimits(to_unit(low), to_unit(high))


def merge_limits(parts: Iterable[ChannelLimits]) -> ChannelLimits:
    """Return the limits of all batches together; the order does not matter."""
    lows, highs = zip(*parts, strict=True)
    return ChannelLimits(torch.stack(lows).amin(dim=0), torch.stack(highs).amax(dim=0))


def return_to_range(noisy: Tensor, how: str, limits: RescaleLimits | None) -> Tensor:
    """Bring noisy images [N, H, W, C], float32 on the 0..1 scale, to what the network sees.

    Args:
        noisy: Not changed.
        how: "clip": clip to 0..1 and round to uint8 (the papers' text). "rescale": each channel of
            the whole noisy set from its min..max to the clean set's, floats kept (the released
            code on CIFAR). "none": as they are (the released code on MNIST and Cars).
        limits: Smallest and largest value of the whole evaluated set, on which "rescale" depends.

    Returns:
        uint8 for "clip", else float32.

    Departs: a channel that is constant over the whole noisy set (every value removed) becomes the
        clean set's smallest value, where the released code divides by zero.
    """
    if how == "clip":
        return round_to_uint8(noisy)
    if how == "none":
        return noisy
    assert how == "rescale", how
    assert limits is not None, "rescale needs the limits of the whole set"
    span = limits.noisy.high - limits.noisy.low
    scale = (limits.clean.high - limits.clean.low) / torch.where(span > 0, span, 1.0)
    width = noisy.shape[2]
    low, scale, clean_low = (
        values.repeat(width) for values in (limits.noisy.low, scale, limits.clean.low)
    )
    rows = noisy.flatten(2)  # [N, H, W * C]: one long axis is faster than C values
    return torch.addcmul(clean_low, rows - low, scale).view(noisy.shape)
