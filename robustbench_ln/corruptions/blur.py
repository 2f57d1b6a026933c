"""gaussian_blur and defocus_blur: one fixed kernel for every image."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.contract import Draws, Parameters, check_size
from robustbench_ln.corruptions.filters import correlate, gaussian_weights, smooth
from robustbench_ln.images import to_unit, truncate_to_uint8

__all__ = ["blur_defocus", "blur_gaussian"]


def blur_gaussian(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Smooth with a Gaussian cut off at 4 sigma, edge pixels repeated (gaussian_blur).

    Args:
        images: [N, H, W, 3] uint8.
        draws: None.
        parameters: (sigma,), pixels.
    """
    del draws
    (sigma,) = parameters
    return truncate_to_uint8(smooth(to_unit(images, torch.float64), gaussian_weights(sigma)))


def blur_defocus(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Smooth with a disk whose rim is softened, mirrored borders (defocus_blur).

    Args:
        images: [N, H, W, 3] uint8.
        draws: None.
        parameters: (radius of the disk, standard deviation of the softening), pixels.
    """
    del draws
    kernel = defocus_kernel(*parameters)
    check_size(images, "defocus_blur", smallest=len(kernel) // 2 + 1)
    return truncate_to_uint8(correlate(to_unit(images, torch.float64), kernel, border="mirror"))


@lru_cache(maxsize=10)
def defocus_kernel(radius: float, softening: float) -> NDArray[np.float64]:
    """Return the kernel, without the rings of zeros around it.

    At radius 8 and 10 the disk touches its grid, whose mirrored border lets the kernel sum to
    1.0130 and 1.0108: published, so not renormalised.
    """
    reach = 8 if radius <= 8 else int(radius)
    away = np.arange(-reach, reach + 1)
    disk = (away[:, None] ** 2 + away**2 <= radius**2).astype(np.float32)
    taps = np.arange(-1, 2) if radius <= 8 else np.arange(-2, 3)
    weights = np.exp(-(taps**2) / (2 * softening**2))
    weights /= weights.sum()
    disk /= disk.sum()
    kernel = cv2.sepFilter2D(disk, -1, weights, weights, borderType=cv2.BORDER_REFLECT_101)
    rim = int(np.abs(away[kernel.any(axis=0)]).max())
    inside = slice(reach - rim, reach + rim + 1)
    cut = np.asarray(kernel[inside, inside], dtype=np.float64)
    cut.flags.writeable = False  # it is cached
    return cut
