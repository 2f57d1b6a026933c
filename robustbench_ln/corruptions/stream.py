"""The images of one condition as a stream of degraded chunks, made ahead by other threads.

Evaluation and the files of `ln-bench corrupt` both take their images from here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_ln.corruptions.degrade import Degraded, Inputs, add_noise, degrade
from robustbench_ln.corruptions.pixel_range import RescaleLimits, channel_limits, merge_limits
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.spec import Condition, FrostTextures

__all__ = [
    "DegradedChunk",
    "StreamOptions",
    "degraded_chunks",
    "find_inputs",
    "find_limits",
    "map_ahead",
]

Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK_VALUES, _FEWEST_IMAGES = 2**18, 8
"""Pixel values in a chunk: 85 CIFAR images, whose steps stay in a core's cache (noise and its sums
take 69 us an image instead of 98 in chunks of 341); 8 of ImageNet. It changes no result."""


class StreamOptions(NamedTuple):
    """How images are made.

    Attributes:
        seed: Seed of the run.
        frost: Pictures that frost is cut from; None makes procedural ones.
        workers: Threads that read and degrade ahead; 0 is none. They change nothing but the time.
    """

    seed: int
    frost: FrostTextures | None = None
    workers: int = 1


class DegradedChunk(NamedTuple):
    """Consecutive images of an order.

    Attributes:
        indices: [n] positions in the data set.
        degraded: What became of them.
    """

    indices: NDArray[np.int64]
    degraded: Degraded


def degraded_chunks(
    images: ImageSet,
    indices: NDArray[np.int64],
    condition: Condition,
    options: StreamOptions,
) -> Iterator[DegradedChunk]:
    """Yield all images in the order of `indices`, degraded.

    Args:
        images: Where they come from.
        indices: Positions in the data set.
        condition: What to do to them.
        options: Seed, textures, threads.
    """
    inputs = find_inputs(images, indices, condition, options)

    def make(part: NDArray[np.int64]) -> DegradedChunk:
        pixels = torch.from_numpy(images.read(part))
        chosen = part.tolist()
        return DegradedChunk(
            part, degrade(pixels, condition, seed=options.seed, indices=chosen, inputs=inputs)
        )

    return map_ahead(make, _parts(images, indices), workers=options.workers)


def map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], *, workers: int
) -> Iterator[Result]:
    """Yield `function(item)` in order, made by threads which are at most `workers` items ahead."""
    if workers == 0:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def find_inputs(
    images: ImageSet,
    indices: NDArray[np.int64],
    condition: Condition,
    options: StreamOptions,
) -> Inputs:
    """Return what a condition needs besides the images; for "rescale" that is a pass of its own."""
    if condition.range == "rescale":
        return Inputs(limits=find_limits(images, indices, condition, seed=options.seed))
    return Inputs(frost=options.frost)


def find_limits(
    images: ImageSet, indices: NDArray[np.int64], condition: Condition, *, seed: int
) -> RescaleLimits:
    """Return the limits of the evaluated images, clean and noisy: a pass of its own."""
    clean, noisy = [], []
    for part in _parts(images, indices):
        pixels = torch.from_numpy(images.read(part))
        clean.append(channel_limits(pixels))
        noisy.append(channel_limits(add_noise(pixels, condition, seed=seed, indices=part.tolist())))
    return RescaleLimits(noisy=merge_limits(noisy), clean=merge_limits(clean))


def _parts(images: ImageSet, indices: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    step = max(_FEWEST_IMAGES, _CHUNK_VALUES // images.shape.num_values)
    for start in range(0, len(indices), step):
        yield indices[start : start + step]
