"""The images of one condition as a stream of degraded chunks, made ahead by other threads.

Evaluation and the files of `ln-bench corrupt` both take their images from here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_ln.corruptions.degrade import Degraded, Inputs, add_noise, degrade
from robustbench_ln.corruptions.pixel_range import RescaleLimits, channel_limits, merge_limits
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.images import to_unit
from robustbench_ln.spec import Condition, FrostTextures

__all__ = [
    "DegradedChunk",
    "Mixture",
    "StreamOptions",
    "degraded_chunks",
    "find_inputs",
    "find_limits",
    "map_ahead",
    "mixed_chunks",
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


class Mixture(NamedTuple):
    """Images of which each has one of several conditions.

    Attributes:
        sources: The conditions, and the images that each acts on.
        which: [N or more] the condition of each image, in the order of evaluation.
    """

    sources: Sequence[tuple[ImageSet, Condition]]
    which: NDArray[np.int64]


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

    def make(place: slice) -> DegradedChunk:
        part = indices[place]
        return DegradedChunk(part, _degrade(images, part, condition, options, inputs=inputs))

    return map_ahead(make, _places(images, len(indices)), workers=options.workers)


def mixed_chunks(
    mixture: Mixture, indices: NDArray[np.int64], options: StreamOptions
) -> Iterator[DegradedChunk]:
    """Yield all images in the order of `indices`, each degraded as it is under its own condition.

    What noise did to them is left out: it has no meaning over several conditions.

    Args:
        mixture: The condition of each of them.
        indices: [N] positions in the data set.
        options: Seed, textures, threads.
    """
    sources, which = mixture
    inputs = [find_inputs(images, indices, condition, options) for images, condition in sources]

    def make(place: slice) -> DegradedChunk:
        part = indices[place]
        numbers = which[: len(indices)][place]
        found = {}
        for number in np.unique(numbers).tolist():
            images, condition = sources[number]
            chosen = part[numbers == number]
            found[number] = _degrade(images, chosen, condition, options, inputs=inputs[number])
        return DegradedChunk(part, Degraded(_interleave(found, numbers), []))

    return map_ahead(make, _places(sources[0][0], len(indices)), workers=options.workers)


def _degrade(
    images: ImageSet,
    indices: NDArray[np.int64],
    condition: Condition,
    options: StreamOptions,
    *,
    inputs: Inputs,
) -> Degraded:
    pixels = torch.from_numpy(images.read(indices))
    return degrade(pixels, condition, seed=options.seed, indices=indices.tolist(), inputs=inputs)


def _interleave(found: Mapping[int, Degraded], numbers: NDArray[np.int64]) -> torch.Tensor:
    """Return the images of several conditions in one order; floats where one has floats."""
    images = {number: degraded.images for number, degraded in found.items()}
    if len({each.dtype for each in images.values()}) > 1:
        images = {number: to_unit(each) for number, each in images.items()}
    joined = torch.cat([images[number] for number in sorted(images)])
    place = np.argsort(np.argsort(numbers, kind="stable"), kind="stable")
    return joined[torch.from_numpy(place)]


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
    for place in _places(images, len(indices)):
        part = indices[place]
        pixels = torch.from_numpy(images.read(part))
        clean.append(channel_limits(pixels))
        noisy.append(channel_limits(add_noise(pixels, condition, seed=seed, indices=part.tolist())))
    return RescaleLimits(noisy=merge_limits(noisy), clean=merge_limits(clean))


def _places(images: ImageSet, num_images: int) -> Iterator[slice]:
    """Yield where the chunks of so many images begin and end."""
    step = max(_FEWEST_IMAGES, _CHUNK_VALUES // images.shape.num_values)
    for start in range(0, num_images, step):
        yield slice(start, start + step)
