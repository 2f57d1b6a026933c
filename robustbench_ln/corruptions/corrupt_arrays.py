"""Corrupted images of a Python program: an array in, an array out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruption_names import SEVERITIES
from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.registry import find_corruption
from robustbench_ln.corruptions.request import resolve_one_family
from robustbench_ln.corruptions.stream import StreamOptions, degraded_chunks
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.errors import explain_memory
from robustbench_ln.spec import CLEAN, ConditionRequest, check_seed

__all__ = ["corrupt"]

Images = TypeVar("Images", NDArray[Any], Tensor)


@explain_memory("give fewer images at once")
def corrupt(  # noqa: PLR0913  (the options of the command line)
    images: Images,
    name: str,
    severity: float,
    *,
    seed: int = 0,
    severity_table: str | None = None,
    convention: str = "paper",
    pixel_range: str | None = None,
    frost_dir: Path | None = None,
) -> Images:
    """Return images under a common corruption or a LocalNorm noise, as `evaluate` sees them.

    Image i depends on (seed, name, severity, i) alone.

    Args:
        images: [N, H, W, C] uint8, an array or a tensor; not changed.
        name: "fog", "gaussian_noise", ..., or "agn", "apn", "mbn", ...
        severity: 1-5; sigma of a noise.
        seed: Decides the draws.
        severity_table: Severity table of a common corruption: "cifar10-c" or "imagenet-c".
        convention: Convention of a noise: "paper" or "released".
        pixel_range: Range of a noise: "clip", "rescale" or "none"; None is the convention's own.
            "rescale" takes its limits from all images given.
        frost_dir: Folder of the photographs of frost; None looks for an installed package.

    Returns:
        [N, H, W, C], an array or a tensor as given; uint8, or float32 on the 0..1 scale for a noise
        that is not rounded (ranges "rescale" and "none").

    Raises:
        DataError: No images, or another dtype or shape.
        ImageError: The corruption cannot change such images.
        SpecError: An unknown name, a severity that it does not have, or no seed.

    >>> images = np.full((2, 32, 32, 3), 100, dtype=np.uint8)
    >>> corrupt(images, "contrast", 5, severity_table="cifar10-c").shape
    (2, 32, 32, 3)
    >>> noisy = corrupt(images, "agn", 0.1, seed=3)
    >>> bool((noisy == corrupt(images, "agn", 0.1, seed=3)).all()), bool((noisy == images).all())
    (True, False)
    """
    pixels = np.asarray(images.cpu() if isinstance(images, Tensor) else images)
    labels = np.zeros(pixels.shape[:1], dtype=np.int64)
    source = ArrayImages(source="images", kind="arrays", pixels=pixels, labels=labels)
    is_noise = name in {noise for noise, _ in NOISES}
    request = ConditionRequest(
        noises=(name,) if is_noise else (),
        sigmas=(severity,) if is_noise else None,
        convention=convention,
        pixel_range=pixel_range,
        corruptions=() if is_noise else (find_corruption(name).name,),
        severity_table=severity_table,
        severities=SEVERITIES if is_noise else (severity,),
        frost_dir=frost_dir,
    )
    degradation = resolve_one_family(request)
    (condition,) = degradation.conditions or (CLEAN,)  # sigma 0 is the clean one
    options = StreamOptions(seed=check_seed(seed), frost=degradation.frost)
    order = np.arange(len(source))
    chunks = degraded_chunks(source, order, condition, options)
    corrupted = torch.cat([chunk.degraded.images for chunk in chunks])
    return corrupted.to(images.device) if isinstance(images, Tensor) else corrupted.numpy()
