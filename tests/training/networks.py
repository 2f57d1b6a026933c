"""Networks of a user, images of so many classes, and saved starts."""

from __future__ import annotations

import numpy as np
import torch

from robustbench_ln.data import ArrayImages

USER = """
from torch import nn
def plain(): return nn.Sequential(nn.Flatten(), nn.Linear(192, 4))
def tiny(): return nn.Sequential(
    nn.Conv2d(3, 6, 8), nn.BatchNorm2d(6), nn.Flatten(), nn.Linear(6, 4))
def frozen(): return tiny().requires_grad_(False)
"""


def images_of(num_classes: int, side: int = 32) -> ArrayImages:
    pixels = np.zeros((num_classes, side, side, 3), dtype=np.uint8)
    return ArrayImages(
        source="arrays:x", kind="arrays", pixels=pixels, labels=np.arange(num_classes)
    )


def save(path, start, **metadata):
    torch.save({"state_dict": start.model.state_dict(), **metadata}, path)
    return path
