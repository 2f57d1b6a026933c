"""The images of one condition as a stream of degraded chunks, one chunk ahead of the network."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.degrade import Inputs, add_noise, degrade
from robustbench_ln.corruptions.frost import load_frost_textures
from robustbench_ln.corruptions.noise_sums import NoiseSums
from robustbench_ln.corruptions.pixel_range import (
    RescaleLimits,
    channel_limits,
    merge_limits,
)
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.images import to_network
from robustbench_ln.spec import Condition, EvaluationSpec, Normalization

__all__ = ["Chunk", "degraded_chunks", "find_limits"]

_CHUNK_VALUES = 2**20
"""Pixel values in a chunk: 341 CIFAR images, 6 of ImageNet. It decides memory, not results."""

Item = TypeVar("Item")


class Chunk(NamedTuple):
    """Consecutive images of the order of evaluation.

    Attributes:
        indices: [n] positions in the data set.
        images: [n, C, H, W] float32, as the network sees them.
        sums: What a LocalNorm noise did, one entry an image; else empty.
    """

    indices: NDArray[np.int64]
    images: Tensor
    sums: list[NoiseSums]


def degraded_chunks(
    images: ImageSet,
    indices: NDArray[np.int64],
    condition: Condition,
    *,
    spec: EvaluationSpec,
    normalization: Normalization,
) -> Iterator[Chunk]:
    """Yield all images in the order of `indices`, degraded and normalised.

    The next chunk is read and degraded by a second thread while the network has the last one.
    """
    seed, inputs = spec.seed, Inputs()
    if condition.range == "rescale":
        inputs = Inputs(limits=find_limits(images, indices, condition, seed=seed))
    if condition.frost is not None:
        inputs = Inputs(frost=load_frost_textures(spec.frost_dir))
    mean, std = torch.tensor(normalization.mean), torch.tensor(normalization.std)

    def chunks() -> Iterator[Chunk]:
        for part, pixels in _read_parts(images, indices):
            degraded = degrade(pixels, condition, seed=seed, indices=part.tolist(), inputs=inputs)
            yield Chunk(part, to_network(degraded.images, mean=mean, std=std), degraded.sums)

    return _one_ahead(chunks())


def find_limits(
    images: ImageSet, indices: NDArray[np.int64], condition: Condition, *, seed: int
) -> RescaleLimits:
    """Return the limits of the evaluated images, clean and noisy: a pass of its own."""
    clean, noisy = [], []
    for part, pixels in _read_parts(images, indices):
        clean.append(channel_limits(pixels))
        noisy.append(channel_limits(add_noise(pixels, condition, seed=seed, indices=part.tolist())))
    return RescaleLimits(noisy=merge_limits(noisy), clean=merge_limits(clean))


def _read_parts(
    images: ImageSet, indices: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
    step = max(1, _CHUNK_VALUES // int(np.prod(images.shape)))
    for start in range(0, len(indices), step):
        part = indices[start : start + step]
        yield part, torch.from_numpy(images.read(part))


def _one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield `items`, each made by a second thread while the one before it is used."""
    end = object()
    with ThreadPoolExecutor(max_workers=1) as pool:
        pending = pool.submit(next, items, end)
        while (item := pending.result()) is not end:
            pending = pool.submit(next, items, end)
            yield item  # type: ignore[misc]
