"""The noises among the common corruptions: Gaussian, shot, impulse, speckle.

Those of the LocalNorm papers are in `localnorm_noise.py`. Draws are float64, as those of the
source: in float32 a few values in 100,000 would change.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.contract import Draws, Parameters, Streams
from robustbench_ln.images import truncate_to_uint8

__all__ = [
    "add_gaussian",
    "add_shot",
    "add_speckle",
    "draw_impulses",
    "draw_normals",
    "draw_photons",
    "draw_pixel_normals",
    "replace_impulses",
]


def draw_normals(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw N(0, 1) for every value: [N, H, W, C]."""
    del parameters
    normals = np.empty(images.shape)
    for row, generator in zip(normals, streams, strict=True):
        generator.standard_normal(out=row)
    return (torch.from_numpy(normals),)


def draw_pixel_normals(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw N(0, 1) for every pixel: [N, H, W]."""
    return draw_normals(images[..., 0], parameters, streams)


def add_gaussian(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Add sigma N(0, 1) (gaussian_noise).

    Args:
        images: [N, H, W, C] uint8.
        draws: N(0, 1) of the same shape.
        parameters: (sigma,), on the 0..1 scale.
    """
    (sigma,) = parameters
    return _truncate((draws[0] * (255 * sigma)).add_(images))


def add_speckle(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Add x sigma N(0, 1) (speckle_noise).

    Args:
        images: [N, H, W, C] uint8.
        draws: N(0, 1) of the same shape.
        parameters: (sigma,), relative to the pixel value.
    """
    (sigma,) = parameters
    return _truncate((draws[0] * sigma).add_(1).mul_(images))


def _truncate(levels: Tensor) -> Tensor:
    """Return float64 levels as uint8: the same floor as that of 255 (level / 255).

    Truncation is a matter of the last bit only where a level is whole; with normal draws none is.
    """
    return levels.to(torch.int32).clamp_(0, 255).to(torch.uint8)


def draw_impulses(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw U[0, 1) for every value, and whether it would turn white: two of [N, H, W, C].

    Departs: the second is one fair bit where the source compares a second uniform draw with 1/2.
    """
    del parameters
    chances = np.empty(images.shape, dtype=np.float32)
    whites = np.empty(images.shape, dtype=np.bool_)
    for chance, white, generator in zip(chances, whites, streams, strict=True):
        generator.random(out=chance, dtype=np.float32)
        white[...] = generator.integers(0, 2, size=white.shape, dtype=np.bool_)
    return torch.from_numpy(chances), torch.from_numpy(whites)


def replace_impulses(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Turn each value (not pixel) black or white with probability p (impulse_noise).

    Args:
        images: [N, H, W, C] uint8.
        draws: U[0, 1), and whether a replaced value is white (bool), both of the same shape.
        parameters: (p,).
    """
    (probability,) = parameters
    chances, whites = draws
    return torch.where(chances < probability, whites.to(torch.uint8) * 255, images)


def draw_photons(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw Poisson(x c) for every value: [N, H, W, C] int32, by inversion of one uniform draw."""
    (photons,) = parameters
    uniforms = np.empty(images.shape)
    for row, generator in zip(uniforms, streams, strict=True):
        generator.random(out=row)
    counts = _poisson_table(photons).invert(images.numpy().ravel(), uniforms.ravel())
    return (torch.from_numpy(counts.reshape(images.shape)),)


def add_shot(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Replace each value by Poisson(x c) / c (shot_noise).

    Args:
        images: [N, H, W, C] uint8.
        draws: The counts Poisson(x c), of the same shape; they hold all that is left of `images`.
        parameters: (c,), mean count of a white pixel.
    """
    del images
    (photons,) = parameters
    return truncate_to_uint8(draws[0].to(torch.float64) / photons)


class PoissonTable(NamedTuple):
    """Cumulative probabilities of Poisson(x c) for the 256 grey levels x, and where to look.

    Attributes:
        cdf: [256 x width], P(count <= k) of each level, one level after another.
        guide: [256 x CELLS] int32; the smallest index into `cdf` that uniforms of a cell can have.
        width: Number of counts that a level can reach.
    """

    cdf: NDArray[np.float64]
    guide: NDArray[np.int32]
    width: int

    def invert(self, levels: NDArray[np.uint8], uniforms: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return, for each value, the smallest k with uniform < P(count <= k).

        The guide (Chen and Asau, 1974) leaves a step or two to walk: 15 ns a value, where
        rejection sampling takes 50.
        """
        cells = (uniforms * _CELLS).astype(np.int32)
        cells += levels.astype(np.int32) * np.int32(_CELLS)
        found = self.guide.take(cells)
        walking = np.flatnonzero(uniforms >= self.cdf.take(found))
        while len(walking):
            found[walking] += 1
            walking = walking[uniforms[walking] >= self.cdf[found[walking]]]
        return found - levels.astype(np.int32) * np.int32(self.width)


_CELLS = 1024


@lru_cache(maxsize=10)
def _poisson_table(photons: float) -> PoissonTable:
    """Return the table of one severity; 20 ms to build, for 10 severities at most."""
    from scipy.special import pdtr  # 0.2 s, which other noises need not wait for

    largest = math.ceil(photons + 12 * math.sqrt(photons) + 30)  # beyond it, 1 - cdf < 2**-53
    means = np.arange(256) / 255 * photons
    cdf = pdtr(np.arange(largest), means[:, None])
    cdf[:, -1] = 1.0
    edges = np.arange(_CELLS) / _CELLS
    guide = [
        np.searchsorted(row, edges, side="right") + start * largest for start, row in enumerate(cdf)
    ]
    return PoissonTable(
        np.asarray(cdf.ravel(), dtype=np.float64), np.concatenate(guide).astype(np.int32), largest
    )
