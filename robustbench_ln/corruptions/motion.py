"""motion_blur: ImageMagick's, a one-sided Gaussian along a random direction; snow falls by it."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.filters import sum_of_shifts
from robustbench_ln.corruptions.registry import Draws, Parameters, Streams

__all__ = ["blur_motion", "draw_angle", "motion_offsets", "streak", "sum_along"]


def draw_angle(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw the angle of each image, uniform in -45..45 degrees: [N]."""
    del parameters
    angles = np.empty(len(images))
    for index, generator in zip(range(len(images)), streams, strict=True):
        angles[index] = generator.uniform(-45, 45)
    return (torch.from_numpy(angles),)


def blur_motion(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Smear along a random direction (motion_blur).

    Args:
        images: [N, H, W, 3] uint8.
        draws: [N] angles in degrees.
        parameters: (radius, sigma), pixels.
    """
    return streak(images, draws[0], radius=int(parameters[0]), sigma=parameters[1])


def streak(levels: Tensor, angles: Tensor, *, radius: int, sigma: float) -> Tensor:
    """Return the motion blur of grey levels.

    Args:
        levels: uint8 [N, H, W] or [N, H, W, C].
        angles: [N], degrees; 0 blurs towards higher columns, 90 towards higher rows.
        radius: 2 radius + 1 taps, all on one side.
        sigma: Of the taps' weights exp(-i^2 / 2 sigma^2).

    ImageMagick 6 (Q16) works on 16 bits: levels x 257, the sum rounded half up, and back to
    8 bits by the floor of q / 257, which takes half of all values one lower than rounding would.
    """
    offsets = motion_offsets(angles.cpu().numpy(), 2 * radius + 1)
    weights = np.exp(-(np.arange(2 * radius + 1) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    blurred = sum_along(levels.to(torch.float64), offsets, weights)
    sixteen_bit = (blurred * 257 + 0.5).floor()
    return (sixteen_bit / 257).to(torch.uint8)


def motion_offsets(angles: NDArray[np.float64], taps: int) -> NDArray[np.int64]:
    """Return the [2, N, taps] row and column offsets, ceil(i sin - 1/2) and ceil(i cos - 1/2)."""
    radians = np.deg2rad(angles)[:, None]
    steps = np.arange(taps)
    offsets = np.stack([steps * np.sin(radians), steps * np.cos(radians)])
    return np.asarray(np.ceil(offsets - 0.5), dtype=np.int64)


def sum_along(images: Tensor, offsets: NDArray[np.int64], weights: NDArray[np.float64]) -> Tensor:
    """Return the weighted sum of each image's own taps, edge pixels repeated."""
    if images.device.type != "cpu":
        return sum_of_shifts(images, torch.from_numpy(offsets), weights, border="edge")
    blurred = torch.empty_like(images)
    lowest = np.minimum(offsets.min(axis=2), 0)  # [2, N]
    sizes = offsets.max(axis=2) - lowest + 1
    for index, (source, target) in enumerate(zip(images.numpy(), blurred.numpy(), strict=True)):
        kernel = np.zeros(sizes[:, index])
        rows, columns = offsets[:, index] - lowest[:, index, None]
        np.add.at(kernel, (rows, columns), weights)  # two taps may round to one pixel
        anchor = (-int(lowest[1, index]), -int(lowest[0, index]))
        result = cv2.filter2D(source, -1, kernel, anchor=anchor, borderType=cv2.BORDER_REPLICATE)
        target[...] = result.reshape(target.shape)
    return blurred
