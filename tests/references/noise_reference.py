"""AGN, APN, MBN and the range step, restated in float64 value by value. Imports nothing of ours."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def apply_noise(name: str, convention: str, pixels: Array, draws: Array, sigma: float) -> Array:
    """`pixels` 0..1 and `draws` have one value each; MBN's released draws repeat over channels."""
    result = np.zeros_like(pixels)
    draws = np.broadcast_to(draws, pixels.shape)
    for index in np.ndindex(pixels.shape):
        x, draw = float(pixels[index]), float(draws[index])
        formula = {
            ("agn", "paper"): lambda x=x, d=draw: x * (1 + sigma * d),
            ("agn", "released"): lambda x=x, d=draw: x * (1 + sigma * d),
            ("agn-neg", "released"): lambda x=x, d=draw: x * (1 + sigma * (d - 0.5)),
            ("agn-additive", "released"): lambda x=x, d=draw: x + sigma * d,
            ("apn", "paper"): lambda x=x, d=draw: x * (1 + d),
            ("apn", "released"): lambda x=x, d=draw: x * (1 + d),
            ("apn-add", "paper"): lambda x=x, d=draw: (255 * x + 255 * d) / 255,
            ("mbn", "paper"): lambda x=x, d=draw: 0.0 if d < sigma else x,
            ("mbn", "released"): lambda x=x, d=draw: 0.0 if d < sigma else x,
        }[name, convention]
        result[index] = formula()
    return result


def clip_and_round(pixels: Array) -> NDArray[np.uint8]:
    flat = [round(255 * min(1.0, max(0.0, value))) for value in pixels.ravel().tolist()]
    return np.array(flat, dtype=np.uint8).reshape(pixels.shape)


def rescale(noisy: Array, clean: Array) -> Array:
    """Each channel of the whole noisy set from its min..max to the clean set's."""
    result = np.zeros_like(noisy)
    for channel in range(noisy.shape[-1]):
        part, model = noisy[..., channel], clean[..., channel]
        share = (part - part.min()) / (part.max() - part.min())
        result[..., channel] = share * (model.max() - model.min()) + model.min()
    return result


def meaning(clean: Array, noisy: Array, seen: Array) -> tuple[float, float, float, float]:
    """Gain, relative noise std, clipped share, PSNR over the whole set."""
    gain = float(noisy.mean() / clean.mean())
    noise = math.sqrt(((noisy - gain * clean) ** 2).mean() / ((gain * clean) ** 2).mean())
    clipped = float(((noisy < 0) | (noisy > 1)).mean())
    return gain, noise, clipped, 10 * math.log10(1 / ((seen - clean) ** 2).mean())
