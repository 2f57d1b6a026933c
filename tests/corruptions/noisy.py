"""Small images, and the conditions of the LocalNorm noises."""

from __future__ import annotations

import numpy as np
import torch

from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.spec import Condition

KEYS = sorted(NOISES)


def some_images(number: int = 6, size: int = 8, channels: int = 3, seed: int = 0) -> torch.Tensor:
    pixels = np.random.default_rng(seed).integers(0, 256, (number, size, size, channels))
    return torch.from_numpy(pixels.astype(np.uint8))


def condition(name: str, convention: str, sigma: float, pixel_range: str = "clip") -> Condition:
    return Condition(corruption=name, severity=sigma, convention=convention, range=pixel_range)
