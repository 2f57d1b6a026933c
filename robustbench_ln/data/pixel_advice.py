"""How images that are not uint8 become it, by the values that are seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["advise_uint8"]

_FEW_LEVELS = 32
"""Largest values below are those of 2, 16 or 17 grey levels; photographs reach 200 and more."""

_OVERSHOOT = 0.5
"""How far resizing with a sharp filter takes images of 0..1 beyond that range, at most."""


def advise_uint8(images: NDArray[Any], *, cast: str = ".astype('uint8')") -> str:
    """Return the sentence that says how to save images as uint8, 0..255.

    Args:
        images: Images of any dtype but uint8; their smallest and largest value tell the scale.
        cast: How their kind of array is converted.

    >>> advise_uint8(np.array([0.0, 128.0, 254.0]))
    "They range from 0 to 254: save them as images.round().astype('uint8')"
    >>> advise_uint8(np.array([0.0, 0.5]))
    "They range from 0 to 0.5: save them as (images * 255).round().astype('uint8')"
    """
    if images.dtype.kind == "b":
        return f"Save them as images{cast} * 255"
    if images.dtype.kind not in "iuf":
        return "Save them as integers, 0..255, before any normalisation"
    if images.size == 0:
        return "There are none"
    low, high = float(images.min()), float(images.max())
    if not np.isfinite([low, high]).all():
        return "Some values are NaN or infinite: save the images again, before any normalisation"
    return f"They range from {low:.4g} to {high:.4g}: {_advise(images, low, high, cast)}"


def _advise(images: NDArray[Any], low: float, high: float, cast: str) -> str:
    is_float = images.dtype.kind == "f"
    rounded = ".round()" if is_float else ""
    has_fractions = is_float and bool((images != images.round()).any())
    is_near_one = has_fractions and low >= -_OVERSHOOT and high <= 1 + _OVERSHOOT
    choices = (
        (low >= 0 and high <= 1, f"save them as (images * 255){rounded}{cast}"),
        (
            low >= -1 and high <= 1,
            f"if -1 is black and 1 white, save them as ((images + 1) * 127.5).round(){cast}",
        ),
        (
            is_near_one,
            "if 0 is black and 1 white, and a filter went beyond, save them as "
            f"(images.clip(0, 1) * 255).round(){cast}",
        ),
        (
            low < 0,
            "they are normalised or centred. Undo that first (images * std + mean), and save what "
            f"is 0..1 as (images * 255).round(){cast}",
        ),
        (
            high < _FEW_LEVELS,
            f"if {high:.4g} is white, save them as (images * {255 / (high or 1):.6g}).round()"
            f"{cast}; else by the value that is",
        ),
        (high <= 255, f"save them as images{rounded}{cast}"),
        (
            high <= 65535 and not has_fractions,
            f"if they have 16 bits, save them as (images / 257).round(){cast}",
        ),
        (True, "bring them to 0..255 by the value that is white, and save them as uint8"),
    )
    return next(advice for fits, advice in choices if fits)
