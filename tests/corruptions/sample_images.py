"""Small images that hold what goes wrong: flat areas, black, white, grey, edges, noise."""

from __future__ import annotations

import numpy as np
import torch


def sample_images(number: int = 4, height: int = 32, width: int = 32) -> torch.Tensor:
    """Return uint8 [number, height, width, 3]; image i is the same for every `number`."""
    images = np.zeros((number, height, width, 3), dtype=np.uint8)
    for index, image in enumerate(images):
        generator = np.random.default_rng([index, height, width])
        ramp = np.linspace(0, 255, width)[None, :, None] * generator.random(3)
        image[...] = ramp + generator.normal(0, 12, (height, 1, 3)).clip(-30, 0).__abs__()
        image[: height // 3, : width // 2] = generator.integers(0, 256, 3)  # flat
        image[height // 2 :, width // 2 :] = generator.integers(0, 256, (1, 1, 1))  # grey
        image[-height // 4 :, : width // 4] = generator.integers(
            0, 256, (-(-height // 4), width // 4, 3)
        )
        image[: height // 8, -width // 8 :] = 255
        image[height // 2 : height // 2 + 2, : width // 4] = 0
    return torch.from_numpy(images)
