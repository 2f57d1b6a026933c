"""Errors over the common corruptions, as the field sums them up. No torch here."""

from __future__ import annotations

__all__ = ["BENCHMARK_CORRUPTIONS", "EXTRA_CORRUPTIONS"]

BENCHMARK_CORRUPTIONS = (
    "gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur",
    "zoom_blur", "snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate",
    "jpeg_compression",
)  # fmt: skip
"""The 15 that means and mCE are over, in the order of the published tables."""

EXTRA_CORRUPTIONS = ("speckle_noise", "gaussian_blur", "spatter", "saturate")
"""Published beside the benchmark; always shown apart."""
