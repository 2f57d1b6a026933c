"""AGN, APN and MBN: the noises of the LocalNorm papers, in the conventions of text and code.

The papers' text and the authors' released code, which made the papers' curves, define different
noises under the same names. Both are here, and every row says which one it is. `apply` returns
floats on the 0..1 scale that may leave it; `pixel_range` says what happens then.

Source: LocalNorm (ICANN 2021), section 4 ("paper"); the authors' Keras code, read for facts
    ("released").
Departs: "x xi, xi ~ Bernoulli(sigma)" would keep a value with probability sigma; the text around
    it and the code remove with probability sigma, and so does this. "Poisson(0, sigma)" is read as
    rate sigma; "zero-mean" would suggest xi - sigma, which is not offered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from robustbench_ln.corruption_names import PROBABILITY_NOISES
from robustbench_ln.corruptions.contract import Corruption, Draws, Parameters
from robustbench_ln.images import to_unit

__all__ = ["NOISES", "RELEASED_SIGMAS"]

Streams = Iterable[np.random.Generator]
Fill = Callable[[np.random.Generator, "np.ndarray"], None]


def _draw_each(shape: tuple[int, ...], streams: Streams, fill: Fill) -> Draws:
    """Fill one float32 row for each image from that image's stream."""
    rows = np.empty(shape, dtype=np.float32)
    for row, generator in zip(rows, streams, strict=True):
        fill(generator, row)
    return (torch.from_numpy(rows),)


def _fill_normal(generator: np.random.Generator, row: np.ndarray) -> None:
    generator.standard_normal(out=row, dtype=np.float32)


def _fill_uniform(generator: np.random.Generator, row: np.ndarray) -> None:
    generator.random(out=row, dtype=np.float32)


def draw_normal(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw N(0, 1) for every value: [N, H, W, C]."""
    del parameters
    return _draw_each(tuple(images.shape), streams, _fill_normal)


def draw_uniform(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw U[0, 1) for every value: [N, H, W, C]."""
    del parameters
    return _draw_each(tuple(images.shape), streams, _fill_uniform)


def draw_pixel_uniform(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw U[0, 1) for every pixel, shared by its channels: [N, H, W, 1]."""
    del parameters
    return _draw_each((*images.shape[:3], 1), streams, _fill_uniform)


def draw_poisson(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw Poisson(sigma) for every value: [N, H, W, C], whole numbers as float32.

    By inversion: the count is the number of k with CDF(k) <= u, u ~ U[0, 1).
    """
    from scipy.special import pdtr  # 0.2 s, which other noises need not wait for

    (sigma,) = parameters
    largest = math.ceil(sigma + 12 * math.sqrt(sigma) + 30)  # beyond it the CDF is 1 in float64
    edges = pdtr(np.arange(largest), sigma)

    def fill(generator: np.random.Generator, row: np.ndarray) -> None:
        row[...] = np.searchsorted(edges, generator.random(size=row.shape), side="right")

    return _draw_each(tuple(images.shape), streams, fill)


def scale_by_normal(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """AGN of the papers' text: x (1 + xi), xi ~ N(0, sigma)."""
    (sigma,) = parameters
    pixels = to_unit(images)
    return torch.addcmul(pixels, pixels, draws[0], value=sigma)


def scale_by_uniform(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """AGN of the released code: x (1 + sigma u), u ~ U[0, 1). It brightens."""
    return scale_by_normal(images, draws, parameters)


def scale_by_centred_uniform(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Second AGN of the released code: x (1 + sigma u), u ~ U[-1/2, 1/2)."""
    return scale_by_normal(images, (draws[0] - 0.5,), parameters)


def add_uniform(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """AGN of the released code for MNIST: x + sigma u, u ~ U[0, 1)."""
    (sigma,) = parameters
    return to_unit(images) + sigma * draws[0]


def scale_by_counts(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """APN: x (1 + xi), xi ~ Poisson(sigma)."""
    del parameters
    pixels = to_unit(images)
    return torch.addcmul(pixels, pixels, draws[0])


def add_counts(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Other APN of the papers: x + 255 xi on the 0..255 scale, xi ~ Poisson(sigma)."""
    del parameters
    return to_unit(images) + draws[0]


def remove_values(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Set to 0 with probability sigma: MBN; values alone or pixels, as the draws have it."""
    (sigma,) = parameters
    return to_unit(images) * (draws[0] >= sigma)


_TEXT = "LocalNorm (ICANN 2021), section 4"
_CODE = "the authors' released code"


def _noise(
    name: str,
    convention: str,
    draw: Callable[[Tensor, Parameters, Streams], Draws],
    apply: Callable[[Tensor, Draws, Parameters], Tensor],
) -> tuple[tuple[str, str], Corruption]:
    source = _TEXT if convention == "paper" else _CODE
    entry = Corruption(
        name=name,
        family="localnorm",
        draw=draw,
        apply=apply,
        conventions=(convention,),
        is_probability=name in PROBABILITY_NOISES,
        source=source,
    )
    return (name, convention), entry


NOISES: Mapping[tuple[str, str], Corruption] = MappingProxyType(
    dict(
        (
            _noise("agn", "paper", draw_normal, scale_by_normal),
            _noise("agn", "released", draw_uniform, scale_by_uniform),
            _noise("agn-neg", "released", draw_uniform, scale_by_centred_uniform),
            _noise("agn-additive", "released", draw_uniform, add_uniform),
            _noise("apn", "paper", draw_poisson, scale_by_counts),
            _noise("apn", "released", draw_poisson, scale_by_counts),
            _noise("apn-add", "paper", draw_poisson, add_counts),
            _noise("mbn", "paper", draw_uniform, remove_values),
            _noise("mbn", "released", draw_pixel_uniform, remove_values),
        )
    )
)
"""(name, convention) -> noise. What is not in it does not exist."""

_AGN_SIGMAS = (0.0, 0.1, 0.2, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
_APN_SIGMAS = (0.0, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)

RELEASED_SIGMAS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "agn": _AGN_SIGMAS,
        "agn-neg": _AGN_SIGMAS,
        "agn-additive": tuple(tenth / 10 for tenth in range(51)),
        "apn": _APN_SIGMAS,
        "apn-add": _APN_SIGMAS,
        "mbn": tuple(twentieth / 20 for twentieth in range(20)),
    }
)
"""The sigmas of the released code, the default of --sigmas."""
