"""zoom_blur, and the "clipped zoom" it shares with snow: the middle, enlarged to the full size.

A zoom, and a sum of zooms, is linear: one sparse matrix from input pixels to output pixels. As the
zooms of one blur share most of their pixels, their sum has 5 to 35 entries a row where one bilinear
look-up after the other would read 28 to 104.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from robustbench_ln.corruptions.contract import Draws, Parameters, check_size
from robustbench_ln.images import to_unit, truncate_to_uint8

if TYPE_CHECKING:
    from scipy import sparse

__all__ = ["blur_zoom", "resample", "zoom_factors", "zooms"]


class AxisTaps(NamedTuple):
    """Where the output pixels of one axis read: (1 - share) x[left] + share x[left + 1].

    Attributes:
        left: [Z, size] int64, for each of Z zooms.
        share: [Z, size] float64, 0..1.
    """

    left: Tensor
    share: Tensor


class Zooms(NamedTuple):
    """Several zooms of one image size: apart, and as the matrix [H W, H W] of their sum."""

    rows: AxisTaps
    columns: AxisTaps
    total: sparse.csr_array


@lru_cache(maxsize=16)
def zooms(height: int, width: int, factors: tuple[float, ...]) -> Zooms:
    """Prepare zooms; 5 to 15 ms at 32 px, 0.1 s at 224 px."""
    from scipy import sparse  # 0.1 s, which other corruptions need not wait for

    rows, columns = _axis_taps(height, factors), _axis_taps(width, factors)
    total = sparse.csr_array((height * width, height * width))
    for zoom in range(len(factors)):
        total = total + sparse.kron(_axis_matrix(rows, zoom), _axis_matrix(columns, zoom))
    return Zooms(rows, columns, sparse.csr_array(total))


def _axis_taps(size: int, factors: Sequence[float]) -> AxisTaps:
    """Return the taps of one axis.

    The middle ceil(size / factor) pixels, at least 2, are resized linearly, end point on end
    point, to round(that x factor); the middle `size` of the result stay.
    """
    left, share = [], []
    for factor in factors:
        crop = math.ceil(size / factor)
        enlarged = round(crop * factor)
        start = (enlarged - size) // 2
        source = (
            torch.arange(start, start + size, dtype=torch.float64) * (crop - 1) / (enlarged - 1)
        )
        first = source.floor().clamp(max=crop - 2)
        left.append(first.to(torch.int64) + (size - crop) // 2)
        share.append(source - first)
    return AxisTaps(torch.stack(left), torch.stack(share))


def _axis_matrix(taps: AxisTaps, zoom: int) -> sparse.coo_array:
    from scipy import sparse  # 0.1 s, which other corruptions need not wait for

    left, share = taps.left[zoom].numpy(), taps.share[zoom].numpy()
    size = len(left)
    entries = np.concatenate([1 - share, share])
    where = (np.tile(np.arange(size), 2), np.concatenate([left, left + 1]))
    return sparse.coo_array((entries, where), shape=(size, size))


def resample(operator: sparse.csr_array, images: Tensor) -> Tensor:
    """Return the images that a [H W, H W] matrix makes of float64 [N, H, W] or [N, H, W, C]."""
    columns = images.flatten(1, 2).transpose(0, 1)  # [H W, N] or [H W, N, C]
    flat = columns.flatten(1)
    if images.device.type == "cpu":
        mixed = torch.from_numpy(operator @ flat.numpy())
    else:
        mixed = torch.sparse.mm(as_tensor(operator, images.device), flat)
    return mixed.view(columns.shape).transpose(0, 1).reshape(images.shape)


def as_tensor(operator: sparse.csr_array, device: torch.device) -> Tensor:
    entries = operator.tocoo()
    where = torch.from_numpy(np.stack(entries.coords))
    values = torch.from_numpy(entries.data)
    matrix = torch.sparse_coo_tensor(where, values, operator.shape, check_invariants=True)
    return matrix.to(device).coalesce()


def zoom_factors(stop: float, step: float) -> tuple[float, ...]:
    """Return the factors; in floating point the first two rows of CIFAR-10-C include their stop.

    >>> len(zoom_factors(1.06, 0.01)), zoom_factors(1.26, 0.01)[-1]
    (7, 1.2500000000000002)
    """
    return tuple(np.arange(1, stop, step).tolist())


def blur_zoom(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Average the image and its zooms (zoom_blur); 1 is one of the zooms, so it counts twice.

    The source adds the zooms up in float32. Where that can matter, next to a whole grey level, its
    sum is repeated in its order; everywhere else one sparse product gives the same level.

    Args:
        images: [N, H, W, 3] uint8.
        draws: None.
        parameters: (stop, step) of the zoom factors, as for NumPy's arange from 1.
    """
    del draws
    height, width = images.shape[1:3]
    factors = zoom_factors(*parameters)
    check_size(images, "zoom_blur", smallest=math.floor(factors[-1]) + 1)
    pixels = to_unit(images)
    stack = zooms(height, width, factors)
    exact = pixels.to(torch.float64)
    total = resample(stack.total, exact).add_(exact)
    level = total * (255 / (len(factors) + 1))
    doubtful = (level.sub_(level.round()).abs_() < _FLOAT32_DOUBT).nonzero(as_tuple=True)
    total[doubtful] = _add_in_order(pixels, doubtful, stack)
    return truncate_to_uint8(total.to(torch.float32) / (len(factors) + 1))


_FLOAT32_DOUBT = 1e-3
"""Grey levels; 28 float32 additions and a division are off by at most 255 x 29 x 2^-24 = 4e-4."""


def _add_in_order(pixels: Tensor, places: tuple[Tensor, ...], stack: Zooms) -> Tensor:
    """Return x + (zoom 1 + zoom 2 + ...) at `places` [K], each addition in float32, as float64."""
    image, row, column, channel = places
    top, down = (taps.to(pixels.device)[:, row] for taps in stack.rows)  # [Z, K]
    left, right = (taps.to(pixels.device)[:, column] for taps in stack.columns)  # [Z, K]
    each = (
        pixels[image, top, left, channel] * ((1 - down) * (1 - right))
        + pixels[image, top, left + 1, channel] * ((1 - down) * right)
        + pixels[image, top + 1, left, channel] * (down * (1 - right))
        + pixels[image, top + 1, left + 1, channel] * (down * right)
    ).to(torch.float32)
    added = torch.zeros_like(each[0])
    for zoom in each:
        added = added + zoom
    return (pixels[places] + added).to(torch.float64)
