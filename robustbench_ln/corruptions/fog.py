"""fog, and the plasma map (diamond-square on a torus) that it is made of."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_ln.corruptions.contract import Draws, Parameters, Streams
from robustbench_ln.images import to_unit, truncate_to_uint8

__all__ = ["add_fog", "draw_fog", "plasma"]


def draw_fog(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw all of each map's U[0, 1), [N, M M - 1]; M is the power of two that covers the image."""
    del parameters
    size = 1 << (max(images.shape[1:3]) - 1).bit_length()
    uniforms = np.empty((len(images), size * size - 1))
    for row, generator in zip(uniforms, streams, strict=True):
        generator.random(out=row)
    return (torch.from_numpy(uniforms),)


def add_fog(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Mix in a plasma map, (x + c map) m / (m + c) with m the image's largest value (fog).

    An all-black image stays black.

    Args:
        images: [N, H, W, 3] uint8.
        draws: [N, M M - 1] U[0, 1).
        parameters: (c, decay of the map's roughness).
    """
    amount, decay = parameters
    height, width = images.shape[1:3]
    fog = plasma(draws[0], decay)[:, :height, :width] * amount
    brightest = to_unit(images.amax(dim=(1, 2, 3), keepdim=True), torch.float64)
    pixels = to_unit(images, torch.float64).add_(torch.stack([fog] * 3, dim=-1))
    return truncate_to_uint8(pixels.mul_(brightest).div_(brightest + amount))


def plasma(uniforms: Tensor, decay: float) -> Tensor:
    """Return maps of the diamond-square algorithm with wrapping edges, each scaled to 0..1.

    Args:
        uniforms: [N, M M - 1] float64, U[0, 1), in the order in which the points are set.
        decay: The amplitude w starts at 100 and is divided by this from each scale to the next.

    Returns: [N, M, M] float64.

    A new point is the mean of four neighbours + w U(-w, w): the amplitude is w^2, as published.
    """
    count, size = len(uniforms), round((uniforms.shape[1] + 1) ** 0.5)
    field = uniforms.new_zeros((count, size, size))
    step, wibble, used = size, 100.0, 0
    while step >= 2:
        points, half = (size // step) ** 2, step // 2
        noise = uniforms[:, used : used + 3 * points].mul(2 * wibble).sub_(wibble).mul_(wibble)
        centre, right, below = noise.view(count, 3, size // step, size // step).unbind(dim=1)
        corners = field[:, ::step, ::step]
        pairs = corners + corners.roll(-1, dims=1)  # each corner and the one below
        centres = pairs.add(pairs.roll(-1, dims=2)).div_(4).add_(centre)
        across = centres.add(centres.roll(1, dims=1)).add_(corners).add_(corners.roll(-1, dims=2))
        down = centres.add(centres.roll(1, dims=2)).add_(pairs)
        field[:, half::step, half::step] = centres
        field[:, ::step, half::step] = across.div_(4).add_(right)
        field[:, half::step, ::step] = down.div_(4).add_(below)
        step, wibble, used = half, wibble / decay, used + 3 * points
    field -= field.amin(dim=(1, 2), keepdim=True)
    field /= field.amax(dim=(1, 2), keepdim=True)
    return field
