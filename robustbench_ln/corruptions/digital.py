"""pixelate and jpeg_compression: what a small or a lossy file does to an image."""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from robustbench_ln.corruptions.contract import Draws, Parameters, check_size

__all__ = ["compress_jpeg", "pixelate"]


def pixelate(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Shrink to floor(size x c) by Pillow's box filter and enlarge again (pixelate), on the CPU.

    Args:
        images: [N, H, W, 3] uint8.
        draws: None.
        parameters: (c,).
    """
    del draws
    (share,) = parameters
    check_size(images, "pixelate", smallest=math.ceil(1 / share))
    height, width = images.shape[1:3]
    tall, wide = math.floor(height * share), math.floor(width * share)
    rows, columns = _box_of_pixels(height, tall), _box_of_pixels(width, wide)
    coarse = torch.empty(images.shape, dtype=torch.uint8)
    for source, target in zip(images.cpu().numpy(), coarse.numpy(), strict=True):
        shrunk = np.asarray(Image.fromarray(source).resize((wide, tall), Image.Resampling.BOX))
        shrunk.take(columns, axis=1).take(rows, axis=0, out=target, mode="clip")
    return coarse.to(images.device)


def _box_of_pixels(size: int, small: int) -> NDArray[np.int64]:
    """Return the box that the box filter shows at each pixel when it enlarges small to size."""
    return ((np.arange(size) + 0.5) * (small / size)).astype(np.int64)


def compress_jpeg(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Save and load as JPEG (jpeg_compression): libjpeg-turbo (OpenCV's), 4:2:0, on the CPU.

    Args:
        images: [N, H, W, 3] uint8.
        draws: None.
        parameters: (quality,).

    Departs: the published files were made with libjpeg 9, which no current package contains: up to
        64 grey levels in 26-45 % of the values.
    """
    del draws
    options = [cv2.IMWRITE_JPEG_QUALITY, int(parameters[0])]
    compressed = torch.empty(images.shape, dtype=torch.uint8)
    for source, target in zip(images.cpu().numpy(), compressed.numpy(), strict=True):
        _, data = cv2.imencode(".jpg", cv2.cvtColor(source, cv2.COLOR_RGB2BGR), options)
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert decoded is not None, "OpenCV cannot read its own file"
        cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB, dst=target)
    return compressed.to(images.device)
