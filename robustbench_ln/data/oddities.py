"""What is worth a note about a set of test images, though nothing is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from robustbench_ln.data.image_set import ArrayImages, ImageSet, Pixels

__all__ = ["find_oddities"]


def find_oddities(images: ImageSet) -> Iterator[str]:
    """Yield a line on what was left out, on classes without images, and on repeated images.

    Nothing is left out: published test sets have duplicates, and counts must compare. Files are
    not searched for duplicates, since that would be to read them all.
    """
    yield from images.notes
    counts = np.bincount(images.labels, minlength=len(images.class_names))
    named = [(name, n) for name, n in zip(images.class_names, counts, strict=False) if name]
    empty = [name for name, count in named if not count]
    if empty:
        yield (
            f"{images.source}: {len(empty)} of {len(named)} classes have no images "
            f"('{empty[0]}'{' ...' if len(empty) > 1 else ''})"
        )
    if isinstance(images, ArrayImages) and (num_repeats := _count_repeats(images.pixels)):
        yield f"{images.source}: {num_repeats} of {len(images)} images repeat an earlier one"


def _count_repeats(pixels: Pixels) -> int:
    digests = {hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in pixels}
    return len(pixels) - len(digests)
