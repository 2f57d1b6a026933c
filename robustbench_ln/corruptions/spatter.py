"""spatter: drops of water (severities 1-3) or of mud (4-5) on the lens.

OpenCV defines the water's edges, distances and equalisation, so this runs image by image on the
CPU.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.contract import Draws, Parameters
from robustbench_ln.corruptions.filters import gaussian_weights, smooth
from robustbench_ln.corruptions.noise import draw_pixel_normals
from robustbench_ln.images import to_unit, truncate_to_uint8

__all__ = ["add_spatter", "draw_pixel_normals"]

_WATER = (175 / 255, 238 / 255, 238 / 255)
_MUD = (63 / 255, 42 / 255, 20 / 255)
_EMBOSS = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])


def add_spatter(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Splash drops of water or mud onto the image (spatter).

    Args:
        images: [N, H, W, 3] uint8.
        draws: [N, H, W] N(0, 1).
        parameters: (mean and standard deviation of the noise, sigma of its blur, threshold,
            strength of the water or sigma of the mud, 1 for mud).
    """
    mean, std, sigma, threshold, strength, is_mud = parameters
    liquid = smooth(draws[0].cpu() * std + mean, gaussian_weights(sigma))
    if is_mud:
        mud = smooth((liquid > threshold).to(torch.float32), gaussian_weights(strength))
        mask = torch.where(mud < 0.8, 0.0, mud)[..., None].to(images.device)
        colour = torch.tensor(_MUD, device=images.device)
        return truncate_to_uint8(to_unit(images) * (1 - mask) + colour * mask)
    mask = torch.empty(liquid.shape)
    for layer, covered in zip(liquid.numpy(), mask.numpy(), strict=True):
        covered[...] = _water(np.where(layer < threshold, 0, layer), strength)
    colour = torch.tensor(_WATER, device=images.device)
    return truncate_to_uint8(to_unit(images) + mask[..., None].to(images.device) * colour)


def _water(liquid: NDArray[np.float64], strength: float) -> NDArray[np.float32]:
    """Return how much water covers each pixel of one image, 0..strength, [H, W].

    Departs: without a drop above the threshold the source divides by 0; here nothing changes.
    """
    levels = (liquid * 255).astype(np.int32).astype(np.uint8)  # above 1 it wraps, as in the source
    away = cv2.distanceTransform(255 - cv2.Canny(levels, 50, 150), cv2.DIST_L2, 5)
    near = cv2.blur(np.minimum(away, 20), (3, 3)).astype(np.uint8)
    relief = cv2.filter2D(cv2.equalizeHist(near), cv2.CV_8U, _EMBOSS)
    covered = levels * np.asarray(cv2.blur(relief, (3, 3)), dtype=np.float32)
    share = covered / max(float(covered.max()), 1.0)
    return np.asarray(share * strength, dtype=np.float32)
