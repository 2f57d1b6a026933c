"""snow: flakes from thresholded noise, blurred along their fall, over a paler image."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from robustbench_ln.corruptions.contract import Draws, Parameters, Streams, check_size
from robustbench_ln.corruptions.motion import streak
from robustbench_ln.corruptions.zoom import resample, zooms
from robustbench_ln.images import to_unit, truncate_to_uint8

__all__ = ["add_snow", "draw_snow"]


def draw_snow(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw N(0, 1) for every pixel, [N, H, W], and the angle of the fall, -135..-45, [N]."""
    del parameters
    normals, angles = np.empty(images.shape[:3]), np.empty(len(images))
    for index, (row, generator) in enumerate(zip(normals, streams, strict=True)):
        generator.standard_normal(out=row)
        angles[index] = generator.uniform(-135, -45)
    return torch.from_numpy(normals), torch.from_numpy(angles)


def add_snow(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Let snow fall over a paler image (snow).

    Args:
        images: [N, H, W, 3] uint8.
        draws: N(0, 1) [N, H, W], angles [N] in degrees.
        parameters: (mean and standard deviation of the noise, zoom, threshold, radius and sigma of
            the motion blur, share of the image that is kept).
    """
    mean, std, zoom, threshold, radius, sigma, keep = parameters
    height, width = images.shape[1:3]
    check_size(images, "snow", smallest=math.floor(zoom) + 1)
    noise = resample(zooms(height, width, (zoom,)).total, draws[0] * std + mean)
    flakes = truncate_to_uint8(noise.masked_fill_(noise < threshold, 0))
    layer = to_unit(streak(flakes, draws[1], radius=int(radius), sigma=sigma), torch.float64)
    fallen = layer + layer.flip(1, 2)
    pale = _pale(images, keep).to(torch.float64)
    return truncate_to_uint8(pale.add_(torch.stack([fallen] * 3, dim=-1)))


def _pale(images: Tensor, keep: float) -> Tensor:
    """Return keep x + (1 - keep) max(x, 1.5 grey + 0.5), in float32 as the source."""
    pixels = to_unit(images)
    red, green, blue = pixels.unbind(dim=-1)
    grey = (0.299 * red).add_(0.587 * green).add_(0.114 * blue)
    lift = grey.mul_(1.5).add_(0.5)
    lifted = torch.maximum(pixels, torch.stack([lift] * 3, dim=-1))
    return lifted.mul_(1 - keep).add_(pixels.mul_(keep))
