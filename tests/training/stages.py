"""A small network, images that can be learnt, and a recipe of a second."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from robustbench_ln.data import ArrayImages
from robustbench_ln.training import RECIPES, Recipe, StartNetwork, TrainingSpec
from robustbench_ln.training.log import EpochRow
from robustbench_ln.training.torch_seed import torch_seeded

NUM_CLASSES = 4
RECIPE = replace(
    RECIPES["cifar-resnet"], epochs=3, batch_size=16, num_groups=4, crop=1, normalize="none"
)


def striped_images(num_images: int = 90, side: int = 8) -> ArrayImages:
    """Noise, in which the class is the place of a bright stripe."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, NUM_CLASSES, num_images)
    pixels = generator.normal(90, 30, (num_images, side, side, 3))
    rows = np.arange(side) // (side // NUM_CLASSES)
    pixels += 100 * (rows == labels[:, None])[:, :, None, None]
    return ArrayImages(
        source="arrays:stripes",
        kind="arrays",
        pixels=pixels.clip(0, 255).astype(np.uint8),
        labels=labels,
    )


def small_network() -> nn.Module:
    with torch_seeded(0, "small network"):
        return nn.Sequential(
            nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(),
            nn.Linear(6 * 6 * 6, NUM_CLASSES),
        )  # fmt: skip


def spec_of(recipe: Recipe = RECIPE, **changes) -> TrainingSpec:
    return TrainingSpec(recipe=recipe, **changes)


def start_of(model: nn.Module | None = None, normalize: str = "none") -> StartNetwork:
    return StartNetwork(model=model or small_network(), name="small", normalize=normalize)


def same_weights(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


ROW = EpochRow(1, 0.1, 2.5, 0.25, 1 / 3, 12.0)
