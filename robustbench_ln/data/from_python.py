"""Images that a Python program has at hand: arrays, tensors, data sets, loaders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, RandomSampler

from robustbench_ln.data.image_set import ArrayImages, Pixels
from robustbench_ln.data.pixel_advice import advise_uint8
from robustbench_ln.errors import DataError

__all__ = ["collect_images"]

_GREY_TOLERANCE = 1e-3
"""Grey levels: float32 keeps k / 255 to 2e-5 of one; a resized tensor misses by 0.25 on average."""

_CAST = ".to(torch.uint8)"
_HINT = f"give the uint8 images, or save them as (images * 255).round(){_CAST}"


def collect_images(images: Any, labels: Any = None, *, source: str = "images") -> ArrayImages:
    """Return images and labels as uint8 [N, H, W, C] and int64 [N], in memory.

    Args:
        images: An array or tensor with `labels` beside it, or a torch Dataset or DataLoader of
            (image, label) without. Pixels are uint8, or floats that are k / 255 (torchvision's
            ToTensor); not normalised. Grey images may lack the channel axis. The channels are the
            axis of 1 or 3; where that is not decided, tensors are [N, C, H, W] and arrays
            [N, H, W, C]. The images of a Dataset may be Pillow's, in mode L or RGB.
        labels: [N] class indices.
        source: What messages and reports call the images.

    >>> collect_images(torch.rand(2, 3, 4, 4).mul(255).byte() / 255, [0, 1]).shape
    ImageShape(height=4, width=4, channels=3)

    Raises:
        DataError: No images, labels that are missing or do not fit, a loader that shuffles, or
            pixels that are no 8-bit images.
    """
    if isinstance(images, Dataset | DataLoader):
        if labels is not None:
            name = type(images).__name__
            raise DataError(f"{source}: a {name} has its own labels; leave labels out")
        return _read_pairs(images, source)
    if labels is None:
        raise DataError(f"{source}: labels are missing; give one class index for each image")
    return ArrayImages(
        source=source,
        kind="arrays",
        pixels=_to_pixels(images, source),
        labels=_to_labels(labels, source),
    )


def _read_pairs(images: Any, source: str) -> ArrayImages:
    pixels, labels = [], []
    for batch, classes in _batches(images, source):
        pixels.append(_to_pixels(batch, source))
        labels.append(_to_labels(classes, source))
    if not pixels:
        raise DataError(f"{source}: no images")
    shapes = sorted({part.shape[1:] for part in pixels})
    if len(shapes) > 1:
        found = " and ".join(str(list(shape)) for shape in shapes)
        raise DataError(f"{source}: images have shapes {found}; make all images the same size")
    return ArrayImages(
        source=source,
        kind="arrays",
        pixels=np.concatenate(pixels),
        labels=np.concatenate(labels),
    )


def _batches(images: Any, source: str) -> Iterator[tuple[Any, Any]]:
    """Yield what a loader yields; of a data set, one image at a time."""
    if isinstance(images, DataLoader):
        if isinstance(images.sampler, RandomSampler):
            raise DataError(
                f"{source}: the DataLoader shuffles, so every run would see different images at "
                "the same index; use shuffle=False (evaluate shuffles with order='shuffled')"
            )
        yield from (_check_pair(pair, source) for pair in images)
        return
    is_stream = isinstance(images, IterableDataset)
    for pair in images if is_stream else map(images.__getitem__, range(len(images))):
        image, label = _check_pair(pair, source)
        if isinstance(image, Image.Image):
            image = _from_pillow(image, source)
        yield image[None], [label]


def _check_pair(item: Any, source: str) -> tuple[Any, Any]:
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise DataError(
            f"{source}: yields {type(item).__name__}; expected pairs of images and labels"
        )
    return item[0], item[1]


def _from_pillow(image: Image.Image, source: str) -> NDArray[np.uint8]:
    if image.mode not in ("L", "RGB"):
        raise DataError(f"{source}: an image has mode {image.mode}; convert it to RGB or L")
    pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _to_labels(labels: Any, source: str) -> NDArray[np.int64]:
    values = np.asarray(labels.cpu() if isinstance(labels, torch.Tensor) else labels)
    if values.dtype.kind not in "iu":
        raise DataError(f"{source}: labels are {values.dtype}; expected integer class indices")
    return values.astype(np.int64)


def _to_pixels(images: Any, source: str) -> Pixels:
    """Return uint8 [N, H, W, C], as far as they are images at all."""
    is_tensor = isinstance(images, torch.Tensor)
    if is_tensor:
        images = images.detach().cpu()
        images = images.double() if images.is_floating_point() else images
    values = np.asarray(images)
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"{source}: a {type(images).__name__} is not an array of images; expected an array, a "
            "tensor, a Dataset or a DataLoader"
        )
    if values.ndim == 3:
        values = values[..., None]
    is_chw = values.ndim == 4 and values.shape[1] in (1, 3)
    if is_chw and (is_tensor or values.shape[-1] not in (1, 3)):
        values = values.transpose(0, 2, 3, 1)
    if values.dtype.kind == "f":
        values = _grey_levels(values, source, is_tensor=is_tensor)
    return np.ascontiguousarray(values)


def _grey_levels(values: NDArray[Any], source: str, *, is_tensor: bool) -> Pixels:
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if not (low >= 0 and high <= 1):
        raise DataError(
            f"{source}: values range from {low:.3g} to {high:.3g}; expected uint8, or floats in "
            "0..1, before any Normalize (evaluate does that: normalize=). "
            f"{advise_uint8(values, cast=_CAST) if is_tensor else advise_uint8(values)}"
        )
    levels = values.astype(np.float64) * 255
    pixels = levels.round()
    miss = float(np.abs(levels - pixels).max(initial=0.0))
    if miss > _GREY_TOLERANCE:
        raise DataError(
            f"{source}: values are not multiples of 1/255 (off by up to {miss:.2g} grey levels), "
            f"as after resizing a tensor; {_HINT}"
        )
    return pixels.astype(np.uint8)
