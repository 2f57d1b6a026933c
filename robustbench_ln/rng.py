"""The one place that makes random generators.

A stream is named by its keys. The keys are hashed to the 128-bit key of a Philox counter generator
(Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), and the image index is the top
word of its counter: the streams of different images of one condition cannot overlap, those of
different conditions collide with probability 2^-128, and a stream is had without running another.

Departs: torch.Generator is not used, since on the CPU it keeps only the low 32 bits of its seed;
the 950,000 streams of one CIFAR-10-C would hold about a hundred identical pairs.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterable, Iterator

import numpy as np

__all__ = ["image_streams", "stream"]

Key = str | int | float


def _philox_key(seed: int, keys: tuple[Key, ...]) -> np.ndarray:
    # int: NumPy's own integers have another repr, and would name another stream.
    text = "\x1f".join(repr(key) for key in (int(operator.index(seed)), *keys))
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return np.frombuffer(digest, dtype="<u8").astype(np.uint64)


def stream(seed: int, *keys: Key) -> np.random.Generator:
    """Return the generator that (seed, keys) name.

    >>> stream(0, "order").integers(1000) == stream(0, "order").integers(1000)
    np.True_
    """
    return np.random.Generator(np.random.Philox(key=_philox_key(seed, keys)))


def image_streams(seed: int, *keys: Key, indices: Iterable[int]) -> Iterator[np.random.Generator]:
    """Yield the stream of each image: (seed, keys, image index) and nothing else decide its draws.

    The same generator object is moved on from image to image (2 us instead of 9): draw all that
    one image needs before asking for the next.

    Args:
        seed: The run's seed.
        keys: Name of the corruption and its severity.
        indices: The images' indices in the data set (not in the batch), 0 or more.
    """
    bits = np.random.Philox(key=_philox_key(seed, keys))
    generator = np.random.Generator(bits)
    fresh = bits.state
    for index in indices:
        fresh["state"]["counter"][:] = (0, 0, 0, index)
        bits.state = fresh
        yield generator
