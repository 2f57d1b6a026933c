"""What a sigma means: gain, relative noise, clipped share and PSNR, from sums over images."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from robustbench_ln.images import to_unit

__all__ = ["NoiseMeaning", "describe_noise", "noise_sums"]


class NoiseMeaning(NamedTuple):
    """A noise in words; a value is None where it does not exist.

    Attributes:
        gain: Mean of the noisy pixels / mean of the clean ones, before the range step.
        relative_noise_std: RMS(noisy - gain x clean) / RMS(gain x clean), before the range step;
            for x (1 + xi) this is the standard deviation of xi / (1 + mean of xi).
        clipped_share: Share of values that the range step clipped, 0..1.
        psnr: 10 log10(1 / MSE) of what the network sees against the clean images, dB.
    """

    gain: float | None
    relative_noise_std: float | None
    clipped_share: float
    psnr: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseSums:
    """Sums of one image, or of many: c clean, d = noisy - c, e = seen - c."""

    values: float
    clean: float
    change: float
    clean_clean: float
    clean_change: float
    change_change: float
    clipped: float
    error: float


def noise_sums(clean: Tensor, noisy: Tensor, seen: Tensor, *, is_clipped: bool) -> list[NoiseSums]:
    """Return the sums of each image.

    Args:
        clean: [N, H, W, C] uint8.
        noisy: [N, H, W, C] float, before the range step.
        seen: [N, H, W, C], after it.
        is_clipped: Whether the range step clips.
    """
    pixels = to_unit(clean).flatten(1)
    change = noisy.flatten(1) - pixels
    error = to_unit(seen).flatten(1) - pixels
    outside = ((noisy < 0) | (noisy > 1)).flatten(1).sum(dim=1) * is_clipped
    columns = (
        torch.full((len(clean),), pixels.shape[1]),
        pixels.sum(dim=1),
        change.sum(dim=1),
        torch.linalg.vecdot(pixels, pixels),
        torch.linalg.vecdot(pixels, change),
        torch.linalg.vecdot(change, change),
        outside,
        torch.linalg.vecdot(error, error),
    )
    names = NoiseSums.__slots__
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [NoiseSums(**dict(zip(names, row, strict=True))) for row in rows]


def describe_noise(sums: Iterable[NoiseSums]) -> NoiseMeaning:
    """Join the sums of all images; their order changes nothing (`math.fsum`)."""
    parts = list(sums)
    total = NoiseSums(
        **{name: math.fsum(getattr(p, name) for p in parts) for name in NoiseSums.__slots__}
    )
    error = total.error / total.values
    return NoiseMeaning(
        *_gain_and_noise(total),
        clipped_share=total.clipped / total.values,
        psnr=-10 * math.log10(error) if error > 0 else None,
    )


def _gain_and_noise(total: NoiseSums) -> tuple[float | None, float | None]:
    """Gain 1 + g with g = sum d / sum c; the noise is d - g c, which cancels nothing."""
    if total.clean == 0:
        return None, None
    extra = total.change / total.clean
    noise = total.change_change - 2 * extra * total.clean_change + extra**2 * total.clean_clean
    signal = (1 + extra) ** 2 * total.clean_clean
    return 1 + extra, math.sqrt(max(noise, 0.0) / signal) if signal > 0 else None
