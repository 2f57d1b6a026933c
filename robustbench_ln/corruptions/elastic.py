"""elastic_transform: a random affine map, then a smooth random displacement."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from robustbench_ln.corruptions.contract import Draws, Parameters, Streams, check_size
from robustbench_ln.corruptions.filters import Border, fold_index, gaussian_weights
from robustbench_ln.images import to_unit, truncate_to_uint8

__all__ = ["draw_elastic", "warp_elastic"]


def draw_elastic(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw U(-1, 1) for the three corners, [N, 3, 2] as (x, y), and for dx and dy, [N, 2, H, W]."""
    del parameters
    count, height, width = images.shape[:3]
    corners, fields = np.empty((count, 3, 2)), np.empty((count, 2, height, width))
    for corner, field, generator in zip(corners, fields, streams, strict=True):
        generator.random(out=corner)
        generator.random(out=field)
    return torch.from_numpy(corners * 2 - 1), torch.from_numpy(fields * 2 - 1)


def warp_elastic(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Move three corners, then every pixel, at random (elastic_transform).

    Args:
        images: [N, H, W, 3] uint8.
        draws: U(-1, 1): [N, 3, 2] for the corners, [N, 2, H, W] for dx and dy.
        parameters: (largest displacement before smoothing, sigma of the smoothing, largest move of
            a corner, in pixels; 1 if these are shares of the shorter side instead, else 0).
    """
    amount, sigma, affine, is_share = parameters
    side = min(images.shape[1:3]) if is_share else 1
    check_size(images, "elastic_transform", smallest=3)
    corners, fields = draws
    pixels = to_unit(images, torch.float64)
    warped = _sample(pixels, _affine_positions(pixels, corners * (affine * side)), "mirror")
    if amount > 0:
        moves = _smooth_fields(fields, sigma * side) * (amount * side)
        warped = _sample(warped, _displaced_positions(moves), "symmetric")
    return truncate_to_uint8(warped)


def _affine_positions(images: Tensor, moves: Tensor) -> Tensor:
    """Return where each output pixel reads, [N, H, W, 2]: the inverse of corner -> corner + move.

    Args:
        images: [N, H, W, C].
        moves: [N, 3, 2] (x, y) of the corners (+, +), (+, -), (-, -) of the middle square.
    """
    height, width = images.shape[1:3]
    middle = torch.tensor([width // 2, height // 2], device=images.device)
    reach = min(height, width) // 3
    signs = torch.tensor([[1, 1], [1, -1], [-1, -1]], device=images.device)
    moved = middle + reach * signs + moves
    right = (moved[:, 1] - moved[:, 2]) / (2 * reach)  # [N, 2], where the axes went
    down = (moved[:, 0] - moved[:, 1]) / (2 * reach)
    area = right[:, 0] * down[:, 1] - right[:, 1] * down[:, 0]
    x_step = torch.stack([down[:, 1], -right[:, 1]], dim=-1) / area[:, None]  # per output column
    y_step = torch.stack([-down[:, 0], right[:, 0]], dim=-1) / area[:, None]  # per output row
    start = middle - reach - moved[:, 2, :1] * x_step - moved[:, 2, 1:] * y_step
    x = torch.arange(width, device=images.device)[:, None]
    y = torch.arange(height, device=images.device)[:, None, None]
    along_row = start[:, None] + x * x_step[:, None]  # [N, W, 2]
    return along_row[:, None] + y * y_step[:, None, None]


def _displaced_positions(moves: Tensor) -> Tensor:
    """Return where each output pixel reads, [N, H, W, 2], from [N, 2, H, W] displacements."""
    height, width = moves.shape[2:]
    x = torch.arange(width, device=moves.device) + moves[:, 0]
    y = torch.arange(height, device=moves.device)[:, None] + moves[:, 1]
    return torch.stack([x, y], dim=-1)


def _smooth_fields(fields: Tensor, sigma: float) -> Tensor:
    """Return [N, 2, H, W] smoothed to 3 sigma with symmetric borders, folded as often as it takes.

    The radius may be twice the image, so the borders are folded into one matrix for each axis.
    """
    height, width = fields.shape[-2:]
    rows = torch.from_numpy(_smoothing_matrix(height, sigma)).to(fields.device)
    columns = torch.from_numpy(_smoothing_matrix(width, sigma)).to(fields.device)
    return rows @ fields @ columns.T


@lru_cache(maxsize=16)
def _smoothing_matrix(size: int, sigma: float) -> NDArray[np.float64]:
    weights = gaussian_weights(sigma, truncate=3.0)
    radius = len(weights) // 2
    pixel = torch.arange(size)[:, None]
    reads = fold_index(pixel + torch.arange(-radius, radius + 1), size, "symmetric")
    matrix = np.zeros((size, size))
    np.add.at(matrix, (pixel.numpy(), reads.numpy()), weights)
    return matrix


def _sample(images: Tensor, positions: Tensor, border: Border) -> Tensor:
    """Read [N, H, W, C] bilinearly at positions [N, H, W, 2] (x, y)."""
    height, width = images.shape[1:3]
    size = torch.tensor([width, height], device=images.device)
    is_mirror = border == "mirror"
    half = (size - 1) / 2  # the middle of the image is 0
    reach = half if is_mirror else size / 2  # -1 and 1: the outer pixels, or their outer edges
    grid = (positions - half).div_(reach)
    read = F.grid_sample(
        images.permute(0, 3, 1, 2), grid, padding_mode="reflection", align_corners=is_mirror
    )
    return read.permute(0, 2, 3, 1)
