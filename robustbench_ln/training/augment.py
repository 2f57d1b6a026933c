"""Augmentation: draws for each image alone, then the change they mean.

Image i's draws in an epoch depend on (seed, epoch, i) and on nothing else: not on the batch it is
in, its place there, or who reads it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as v2

from robustbench_ln.training.recipes import Recipe

__all__ = ["View", "apply_view", "draw_view", "show_center"]


class View(NamedTuple):
    """The part of an image that is shown, which may reach beyond it by `Recipe.crop` pixels.

    Attributes:
        top: First row, below 0 beyond the image.
        left: First column.
        height: Rows.
        width: Columns.
        is_mirrored: Whether left and right are swapped.
    """

    top: int
    left: int
    height: int
    width: int
    is_mirrored: bool


def draw_view(height: int, width: int, recipe: Recipe, *, generator: np.random.Generator) -> View:
    """Draw how one image is shown.

    Args:
        height: Height of the image in pixels.
        width: Width of the image in pixels.
        recipe: Says which augmentation.
        generator: The image's own.
    """
    if recipe.augmentation == "crop-flip":
        top, left = generator.integers(-recipe.crop, recipe.crop, size=2, endpoint=True)
        shown = (int(top), int(left), height, width)
    else:
        shown = _draw_part(height, width, generator)
    return View(*shown, is_mirrored=bool(generator.random() < 0.5))


def _draw_part(
    height: int, width: int, generator: np.random.Generator
) -> tuple[int, int, int, int]:
    """Draw 8 to 100 % of the area, of aspect 3/4 to 4/3; the largest central one after ten misses.

    Source: Szegedy et al. 2014, "Going deeper with convolutions", section 6; the ten tries are
        torchvision's RandomResizedCrop.
    """
    for _ in range(10):
        area = height * width * generator.uniform(0.08, 1)
        aspect = math.exp(generator.uniform(math.log(3 / 4), math.log(4 / 3)))
        rows, columns = round(math.sqrt(area / aspect)), round(math.sqrt(area * aspect))
        if 0 < rows <= height and 0 < columns <= width:
            top = int(generator.integers(0, height - rows, endpoint=True))
            left = int(generator.integers(0, width - columns, endpoint=True))
            return top, left, rows, columns
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side, side


def apply_view(image: Tensor, view: View, recipe: Recipe) -> Tensor:
    """Return the part of one image [C, H, W] that a view shows.

    Departs: beyond the image a shift shows its mirror image, not black as He et al. 2015 do. Black
        borders change the mean and variance that LocalNorm takes from the images: ResNet-20 with 8
        groups, fine-tuned on 3,600 images with them, got 81.0 % of 400 held-out ones, with mirrors
        84.5 %, since images have no borders when it is tested.
    """
    if recipe.augmentation == "crop-flip":
        image = v2.pad(image, [recipe.crop] * 4, padding_mode="reflect")
        view = view._replace(top=view.top + recipe.crop, left=view.left + recipe.crop)
    shown = v2.crop(image, view.top, view.left, view.height, view.width)
    if recipe.augmentation == "resized-crop-flip":
        shown = v2.resize(shown, [recipe.crop, recipe.crop], antialias=True)
    return v2.horizontal_flip(shown) if view.is_mirrored else shown


def show_center(images: Tensor, recipe: Recipe) -> Tensor:
    """Return [N, H, W, C] images as a network is validated on them: without augmentation."""
    if recipe.augmentation != "resized-crop-flip":
        return images
    cut: Tensor = v2.center_crop(images.permute(0, 3, 1, 2), [recipe.crop, recipe.crop])
    return cut.permute(0, 2, 3, 1)


def show_views(images: Tensor, views: list[View], recipe: Recipe) -> Tensor:
    """Return [N, H, W, C] images, each as its own view shows it."""
    if recipe.augmentation == "crop-flip":
        return _shift_all(images, views)
    rows = images.permute(0, 3, 1, 2)
    shown = [apply_view(row, view, recipe) for row, view in zip(rows, views, strict=True)]
    return torch.stack(shown).permute(0, 2, 3, 1)


def _shift_all(images: Tensor, views: list[View]) -> Tensor:
    """Return what `apply_view` shows of shifted and mirrored images, of all of them at once."""
    num_images, height, width = images[..., 0].shape
    tops, lefts, _, _, mirrored = torch.tensor(views).T[..., None]  # [N, 1] each
    rows, columns = torch.arange(height), torch.arange(width)
    columns = torch.where(mirrored > 0, columns.flip(0), columns)
    shown_rows = _reflect(rows + tops, height)[:, :, None]  # [N, H, 1]
    shown_columns = _reflect(columns + lefts, width)[:, None]  # [N, 1, W]
    return images[torch.arange(num_images)[:, None, None], shown_rows, shown_columns]


def _reflect(places: Tensor, size: int) -> Tensor:
    """Return places 0..size-1: -1 is 1, and `size` is size - 2."""
    return (size - 1) - ((size - 1) - places.abs()).abs()
