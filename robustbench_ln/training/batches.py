"""The images of an epoch as batches: split, order, augmentation, noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.degrade import degrade
from robustbench_ln.corruptions.stream import map_ahead
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import DataError, setting
from robustbench_ln.images import to_network, to_unit
from robustbench_ln.rng import image_streams, stream
from robustbench_ln.spec import Normalization
from robustbench_ln.training.augment import draw_view, show_center, show_views
from robustbench_ln.training.kept_images import KeptImages, keep_pixels
from robustbench_ln.training.processes import ALONE, Place
from robustbench_ln.training.spec import TrainingSpec

__all__ = ["Batch", "Batches", "Split", "split_images"]

Indices = NDArray[np.int64]


class Split(NamedTuple):
    """Positions in the data set: [T] to train on, [V] held out to validate on."""

    training: Indices
    validation: Indices


class Batch(NamedTuple):
    """Images [N, C, H, W] float32, normalised, channels_last, and labels [N]."""

    images: Tensor
    labels: Tensor


def split_images(num_images: int, spec: TrainingSpec) -> Split:
    """Hold out a seeded share of the images; `spec.limit` of them, after the shuffling, are used.

    Raises:
        DataError: Not enough images for one batch, or so few that a share of them is none.
    """
    recipe = spec.recipe
    order = stream(spec.seed, "validation split").permutation(num_images)[: spec.limit]
    num_validation = min(max(1, int(len(order) * recipe.validation_share)), recipe.most_validation)
    split = Split(order[num_validation:], order[:num_validation])
    if len(split.training) < recipe.batch_size:
        raise DataError(
            f"{len(split.training)} images to train on after {num_validation} were held out, fewer "
            f"than the batch of {recipe.batch_size} of recipe {recipe.name}; use more images"
        )
    if spec.noise is not None and _count_noisy(len(split.training), spec) == 0:
        raise DataError(
            f"{setting('noise_share', spec.noise_share)} of {len(split.training)} images to train "
            f"on is none; give a larger one, or leave {setting('noise')} out"
        )
    return split


def _count_noisy(num_images: int, spec: TrainingSpec) -> int:
    return round(num_images * spec.noise_share)


@dataclass(frozen=True, slots=True)
class Batches:
    """Makes the batches of every epoch; one thread is a batch ahead, which changes no result.

    Attributes:
        images: All images.
        spec: Recipe, seed, noise.
        normalization: Normalization of the network's input.
        place: Whose part of each batch is made.
        pixels: What reads the images.
    """

    images: ImageSet
    spec: TrainingSpec
    normalization: Normalization
    place: Place = ALONE
    pixels: ImageSet | KeptImages = field(init=False)

    def __post_init__(self) -> None:
        """Read pictures once."""
        object.__setattr__(self, "pixels", keep_pixels(self.images))

    def training(self, indices: Indices, epoch: int) -> Iterator[Batch]:
        """Yield this process's part of the whole batches of one epoch.

        The rest of a shuffled epoch is left out.
        """
        size = self.spec.recipe.batch_size
        order = stream(self.spec.seed, "order", epoch).permutation(indices)
        noisy = self._choose_noisy(indices, epoch)
        starts = range(0, len(order) - size + 1, size)
        parts = (order[start : start + size][self.place.part(size)] for start in starts)

        def make(part: Indices) -> Batch:
            return self._normalized(self._augment(part, noisy, epoch), part)

        return map_ahead(make, parts, workers=1)

    def validation(self, indices: Indices) -> Iterator[Batch]:
        """Yield all images unchanged, in batches that are refilled with the first images.

        Of each batch this process's part.
        """
        size = self.spec.recipe.batch_size
        num_batches = -(-len(indices) // size)
        batches = np.split(np.resize(indices, num_batches * size), num_batches)
        parts = (batch[self.place.part(size)] for batch in batches)

        def make(part: Indices) -> Batch:
            pixels = torch.from_numpy(self.pixels.read(part))
            return self._normalized(show_center(pixels, self.spec.recipe), part)

        return map_ahead(make, parts, workers=1)

    def _choose_noisy(self, indices: Indices, epoch: int) -> frozenset[int]:
        """Choose the images that are noisy in this epoch."""
        if self.spec.noise is None:
            return frozenset()
        order = stream(self.spec.seed, "noisy images", epoch).permutation(indices)
        return frozenset(order[: _count_noisy(len(order), self.spec)].tolist())

    def _augment(self, part: Indices, noisy: frozenset[int], epoch: int) -> Tensor:
        """Return [N, H, W, C]: uint8, or floats 0..1 where the noise's convention keeps them."""
        pixels = torch.from_numpy(self.pixels.read(part))
        spec = self.spec
        if spec.recipe.augmentation != "none":
            streams = image_streams(spec.seed, "augment", epoch, indices=part.tolist())
            shape = self.images.shape
            views = [
                draw_view(shape.height, shape.width, spec.recipe, generator=g) for g in streams
            ]
            pixels = show_views(pixels, views, spec.recipe)
        chosen = [row for row, index in enumerate(part.tolist()) if index in noisy]
        if spec.noise is None or not chosen:
            return pixels
        changed = degrade(
            pixels[chosen],
            spec.noise,
            seed=int(stream(spec.seed, "noise", epoch).integers(2**63)),
            indices=part[chosen].tolist(),
        ).images
        return to_unit(pixels).index_copy(0, torch.tensor(chosen), to_unit(changed))

    def _normalized(self, pixels: Tensor, part: Indices) -> Batch:
        mean, std = (torch.tensor(v) for v in (self.normalization.mean, self.normalization.std))
        return Batch(
            to_network(pixels, mean=mean, std=std), torch.from_numpy(self.images.labels[part])
        )
