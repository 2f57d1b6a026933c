"""Pictures of files that are decoded once and not in every epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.data.file_images import FileImages
from robustbench_ln.data.image_set import ImageSet, Pixels

__all__ = ["KeptImages", "keep_pixels"]

_MOST_BYTES = 2**30
"""CIFAR's 50,000 images have 154 MB; those of ImageNet are decoded in every epoch."""


class KeptImages:
    """Reads each picture once, when it is first asked for.

    Args:
        images: Images to read from.
    """

    def __init__(self, images: ImageSet) -> None:
        self._images = images
        self._pixels = np.empty((len(images), *images.shape), dtype=np.uint8)
        self._is_read = np.zeros(len(images), dtype=bool)

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> Pixels:
        """Return uint8 [len(indices), H, W, C], as the images' own `read` does.

        Raises:
            DataError: A file cannot be read or has another shape; the message names it.
        """
        chosen = np.asarray(indices, dtype=np.int64)
        fresh = chosen[~self._is_read[chosen]]
        if len(fresh):
            self._pixels[fresh] = self._images.read(fresh)
            self._is_read[fresh] = True
        return self._pixels[chosen]


def keep_pixels(images: ImageSet) -> ImageSet | KeptImages:
    """Return what reads the images: from memory after the first time, if they are not too many."""
    size = len(images) * images.shape.num_values
    is_kept = isinstance(images, FileImages) and size <= _MOST_BYTES
    return KeptImages(images) if is_kept else images
