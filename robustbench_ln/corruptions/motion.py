"""motion_blur: ImageMagick's, a one-sided Gaussian along a random direction; snow falls by it."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.contract import Draws, Parameters, Streams
from robustbench_ln.corruptions.filters import fold_index, sum_of_shifts

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
        sigma: Sigma of the taps' weights exp(-i^2 / 2 sigma^2).

    ImageMagick 6 (Q16) works on 16 bits: levels x 257, the sum rounded half up, and back to
    8 bits by the floor of q / 257. That is the floor of the sum of levels + 1/514, which takes
    about half of all values one lower than rounding would. The sums are float32 first, and float64
    where float32 cannot tell the floor (0.1 % of the values).
    """
    offsets = motion_offsets(angles.cpu().numpy(), 2 * radius + 1)
    weights = np.exp(-(np.arange(2 * radius + 1) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    level = sum_along(levels.to(torch.float32), offsets, weights).add_(_HALF_STEP)
    doubtful = ((level - level.round()).abs_() < _FLOAT32_DOUBT).nonzero(as_tuple=True)
    blurred = level.to(torch.int32)
    exact = _sum_at(levels, doubtful, torch.from_numpy(offsets), torch.from_numpy(weights))
    blurred[doubtful] = (exact + _HALF_STEP).to(torch.int32)
    return blurred.to(torch.uint8)


_HALF_STEP = 1 / 514
"""Half of a 16-bit step, in grey levels. It keeps flat areas clear of the doubt below."""

_FLOAT32_DOUBT = 1e-3
"""Grey levels; the float32 sums are off by at most 1e-4."""


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
    height, width = images.shape[1:3]
    reach = int(np.abs(offsets).max(initial=0))
    padded = [
        cv2.copyMakeBorder(image, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
        for image in images.numpy()
    ]
    blurred = torch.zeros_like(images)
    sums = blurred.numpy()
    for start in range(0, len(weights), _TAPS_AT_ONCE):
        taps, part = offsets[:, :, start : start + _TAPS_AT_ONCE], weights[start:][:_TAPS_AT_ONCE]
        low = taps.min(axis=2, keepdims=True)  # [2, N, 1]
        sizes = taps.max(axis=2) - low[..., 0] + 1  # [2, N]
        kernels = np.zeros((len(images), *sizes.max(axis=1, initial=1)))
        every = np.arange(len(images))[:, None]
        np.add.at(kernels, (every, *(taps - low)), part)  # two taps may round to one pixel
        corners = np.concatenate([low[..., 0] + reach, sizes]).T.tolist()
        for index, (top, left, tall, wide) in enumerate(corners):
            window = padded[index][top : top + height + tall - 1, left : left + width + wide - 1]
            kernel = kernels[index, :tall, :wide]
            summed = cv2.filter2D(window, -1, kernel, anchor=(0, 0))[:height, :width]
            sums[index] += summed.reshape(sums.shape[1:])
    return blurred


_TAPS_AT_ONCE = 15
"""Taps of one call of OpenCV: their kernel has fewer than 130 entries, beyond which it would go
through a Fourier transform and take up to four times as long."""


def _sum_at(levels: Tensor, places: tuple[Tensor, ...], offsets: Tensor, weights: Tensor) -> Tensor:
    """Return the same sums at `places` alone, [K] float64."""
    image, row, column, *channel = (place[:, None] for place in places)
    down, right = offsets.to(levels.device)[:, places[0]]  # [K, taps]
    rows = fold_index(row + down, levels.shape[1], "edge")
    columns = fold_index(column + right, levels.shape[2], "edge")
    return (levels[image, rows, columns, *channel] * weights.to(levels.device)).sum(dim=1)
