"""Histograms and samples of the images that a network is shown, from the chunks of their stream.

Sums of whole numbers: neither their order nor the size of the chunks can change them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from robustbench_ln.images import round_to_uint8
from robustbench_ln.runs.seen_images import BELOW, LONGEST_SIDE, NUM_BINS, SeenImages

__all__ = ["ImageTally"]


class ImageTally:
    """What the images of one condition look like.

    Args:
        num_images: Images to count; those that follow them in the stream are left out.
        num_samples: Images to keep, the first of them.
    """

    def __init__(self, *, num_images: int, num_samples: int) -> None:
        self._num_missing = num_images
        self._num_samples = num_samples
        self._histogram: NDArray[np.int64] | int = 0
        self._samples: list[NDArray[np.uint8]] = []

    def add(self, images: Tensor) -> None:
        """Take the next images of the stream.

        Args:
            images: [n, H, W, C] uint8, or float on the 0..1 scale, which it may leave.
        """
        own = images[: self._num_missing]
        self._num_missing -= len(own)
        self._histogram = self._histogram + _count(own)
        wanted = own[: self._num_samples - len(self._samples)]
        grey_levels = round_to_uint8(wanted) if wanted.is_floating_point() else wanted
        self._samples += map(_shrink, grey_levels.numpy())

    def finish(self) -> SeenImages:
        """Return what was counted and kept."""
        assert not isinstance(self._histogram, int), "no chunk was added"
        channels = len(self._histogram)
        none = np.empty((0, 1, 1, channels), dtype=np.uint8)
        samples = np.stack(self._samples) if self._samples else none
        return SeenImages(histogram=self._histogram, samples=samples)


def _count(images: Tensor) -> NDArray[np.int64]:
    """Return [C, 258] numbers of values; see `SeenImages`."""
    first, bins = (BELOW, _bins(images)) if images.is_floating_point() else (1, images.numpy())
    counts = np.zeros((images.shape[-1], NUM_BINS), dtype=np.int64)
    for channel in range(len(counts)):
        found = np.bincount(bins[..., channel].ravel())
        counts[channel, first : first + len(found)] = found
    return counts


def _bins(images: Tensor) -> NDArray[np.int16]:
    """Return the bin of each value: what is outside 0..1, however little, is in the outer two."""
    scaled = images.numpy() * np.float32(255)
    bins = np.rint(scaled)
    bins -= scaled < 0
    bins += scaled > 255
    np.clip(bins, -1, 256, out=bins)
    return (bins + 1).astype(np.int16)


def _shrink(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image of which no side is longer than `LONGEST_SIDE`: means over areas."""
    height, width = image.shape[:2]
    scale = LONGEST_SIDE / max(height, width)
    if scale >= 1:
        return image.copy()
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image)
    small = np.asarray(picture.resize(size, Image.Resampling.BOX))
    return small.reshape(size[1], size[0], image.shape[-1])
