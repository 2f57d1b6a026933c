"""The images of one condition as a network sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.noise_sums import NoiseSums
from robustbench_ln.corruptions.stream import (
    Mixture,
    StreamOptions,
    degraded_chunks,
    mixed_chunks,
)
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.images import to_network
from robustbench_ln.spec import Condition, Normalization

__all__ = ["Chunk", "network_chunks"]


class Chunk(NamedTuple):
    """Consecutive images of the order of evaluation.

    Attributes:
        images: [n, C, H, W] float32, degraded and normalised.
        degraded: [n, H, W, C] uint8, or float32 on the 0..1 scale: before normalisation.
        sums: What a LocalNorm noise did, one entry an image; else empty.
    """

    images: Tensor
    degraded: Tensor
    sums: list[NoiseSums]


def network_chunks(
    images: ImageSet,
    indices: NDArray[np.int64],
    condition: Condition | Mixture,
    *,
    options: StreamOptions,
    normalization: Normalization,
) -> Iterator[Chunk]:
    """Yield all images in the order of `indices`.

    Args:
        images: Where they come from.
        indices: Positions in the data set.
        condition: What to do to them, or what to each; a mixture knows its images.
        options: Seed, pictures of frost, whether the next chunk is made meanwhile.
        normalization: Normalisation of the network's input.
    """
    mean, std = torch.tensor(normalization.mean), torch.tensor(normalization.std)
    if isinstance(condition, Mixture):
        chunks = mixed_chunks(condition, indices, options)
    else:
        chunks = degraded_chunks(images, indices, condition, options)
    for chunk in chunks:
        pixels = to_network(chunk.degraded.images, mean=mean, std=std)
        yield Chunk(pixels, *chunk.degraded)
