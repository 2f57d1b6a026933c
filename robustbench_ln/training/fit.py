"""Whether a network, images and a recipe go together."""

from __future__ import annotations

import numpy as np
from torch import nn

from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import DataError, LayoutError, SpecError, setting
from robustbench_ln.norms import NormLayer, count_classes, find_norm_layers
from robustbench_ln.training.spec import TrainingSpec

__all__ = ["check_trainable", "count_image_classes"]

_MOST_UNSEEN = 10
"""Classes without images that are taken for granted, beside as many as have images."""


def count_image_classes(images: ImageSet) -> int:
    """Return how many classes a head for these images has.

    Raises:
        DataError: Images of one class, or numbers of classes far apart.
    """
    distinct = len(np.unique(images.labels))
    if distinct < 2:
        raise DataError(f"{images.source}: all images are of one class; give images of several")
    num_classes = len(images.class_names) or int(images.labels.max()) + 1
    if num_classes > _MOST_UNSEEN + 2 * distinct:
        raise DataError(
            f"{images.source}: has label {images.labels.max()}, but images of {distinct} classes "
            "alone; number the classes 0 and up without gaps, or leave void images out"
        )
    return num_classes


def check_trainable(model: nn.Module, images: ImageSet, spec: TrainingSpec) -> None:
    """Demand that the network can be trained on such images, and has a class for every label.

    Args:
        model: Network with the norm layers of the training.
        images: Images to train on.
        spec: Recipe and groups.

    Raises:
        SpecError: Nothing in it can be trained.
        DataError: Images too small for the recipe, or labels that the network has no class for.
        LayoutError: A norm layer without statistics, or a network that takes no such image.
    """
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise SpecError("the network has no parameter that requires a gradient: nothing to train")
    shape = images.shape
    if spec.recipe.augmentation == "resized-crop-flip":
        if shape.smaller_side < spec.recipe.crop:
            raise DataError(
                f"{images.source}: images are {shape.size}, and recipe {spec.recipe.name} "
                f"validates on their middle {spec.recipe.crop} pixels; use larger images"
            )
        shape = shape._replace(height=spec.recipe.crop, width=spec.recipe.crop)
    elif shape.smaller_side <= spec.recipe.crop:
        raise DataError(
            f"{images.source}: images are {shape.size}, and recipe {spec.recipe.name} shifts "
            f"them by up to {spec.recipe.crop} pixels; use larger images"
        )
    num_classes = count_classes(model, shape.as_input)
    if num_classes <= images.labels.max():
        raise DataError(
            f"{images.source}: has label {images.labels.max()}, the network has {num_classes} "
            f"classes, 0 and up; with {setting('arch')} and {setting('init')}, "
            f"{setting('has_new_head')} gives it those of the images"
        )
    for layer in find_norm_layers(model, shape.as_input):
        _check_statistics(layer, spec)


def _check_statistics(layer: NormLayer, spec: TrainingSpec) -> None:
    """Demand two values or more for every mean and variance of a batch."""
    num_images = spec.group_size if layer.kind == "local" else spec.recipe.batch_size
    if layer.kind != "fixed" and num_images * (layer.positions or 2) < 2:
        raise LayoutError(
            f"'{layer.name}' ({layer.class_name}) sees one value for each channel of a set of "
            f"{num_images} image: no statistics; use larger images or fewer "
            f"{setting('num_groups')}"
        )
