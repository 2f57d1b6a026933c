"""Recipes: all numbers of a training, frozen, by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from robustbench_ln.errors import SpecError, setting

__all__ = ["RECIPES", "Recipe"]

Schedule = Literal["step", "cosine", "one-cycle"]
Augmentation = Literal["none", "crop-flip", "resized-crop-flip"]


_RISE = 0.3
"""Share of all steps in which the rate of a cycle rises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a network is trained: stochastic gradient descent with momentum on the cross-entropy.

    Attributes:
        name: What `--recipe` takes.
        purpose: What it is for, for whoever chooses.
        epochs: Passes over the training images.
        batch_size: N, images of one step.
        num_groups: G of LocalNorm where `--groups` is not given.
        learning_rate: The largest: at the start, or of a cycle.
        schedule: step: a tenth after one half of the epochs, a hundredth after three quarters;
            cosine: to 0 over all steps; one-cycle: in a line from 0 up to the learning rate over
            the first 30 % of all steps, and in a line to 0.
        weight_decay: Weight decay of every parameter.
        momentum: Momentum of the gradient.
        augmentation: none; crop-flip: shift by up to `crop` pixels and mirror one half of the
            images; resized-crop-flip: a random part, scaled to `crop` pixels.
        crop: See `augmentation`; 0 without.
        framing: Pixels that picture files are scaled (shorter side) and cut to before that; 0
            leaves them.
        normalize: Input normalisation where neither `--normalize` nor `--init` says one.
        validation_share: Share of the training images that are held out.
        most_validation: Largest number of validation images.
    """

    name: str
    purpose: str
    epochs: int
    batch_size: int
    num_groups: int
    learning_rate: float
    schedule: Schedule
    weight_decay: float
    momentum: float = 0.9
    augmentation: Augmentation = "none"
    crop: int = 0
    framing: int = 0
    normalize: str = "imagenet"
    validation_share: float = 0.1
    most_validation: int = 5000

    def __post_init__(self) -> None:
        """Check what options can change."""
        if self.epochs < 1:
            raise SpecError(f"{setting('epochs')} is {self.epochs}; expected 1 or more")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise SpecError(
                f"{setting('learning_rate')} is {self.learning_rate:g}; expected above 0"
            )

    def describe(self) -> str:
        """Return the numbers in one line."""
        numbers = (
            f"{self.epochs} epochs, batch {self.batch_size}, {self.num_groups} groups, rate "
            f"{self.learning_rate:g} ({self.schedule}), weight decay {self.weight_decay:g}"
        )
        extra = {"crop-flip": ", shift and mirror", "resized-crop-flip": ", random part and mirror"}
        return numbers + extra.get(self.augmentation, "")

    def learning_rate_at(self, progress: float) -> float:
        """Return the learning rate after a share `progress`, 0..1, of all steps.

        >>> [RECIPES["cifar-resnet"].learning_rate_at(p) for p in (0.0, 0.5, 0.75)]
        [0.1, 0.01, 0.001]
        """
        if self.schedule == "cosine":
            return self.learning_rate * (1 + math.cos(math.pi * progress)) / 2
        if self.schedule == "one-cycle":
            rising, falling = progress / _RISE, (1 - progress) / (1 - _RISE)
            return self.learning_rate * min(rising, falling)
        num_steps = (progress >= 0.5) + (progress >= 0.75)
        return self.learning_rate / 10.0**num_steps


_MNIST = Recipe(
    name="mnist",
    purpose="mnist-dnn on MNIST or Fashion-MNIST, from scratch",
    epochs=10,
    batch_size=100,
    num_groups=10,
    learning_rate=0.05,
    schedule="cosine",
    weight_decay=1e-4,
    normalize="none",
)
_CIFAR_RESNET = Recipe(
    name="cifar-resnet",
    purpose="resnet20 to resnet110, resnet32-preact on CIFAR, from scratch",
    epochs=200,
    batch_size=128,
    num_groups=8,
    learning_rate=0.1,
    schedule="step",
    weight_decay=1e-4,
    augmentation="crop-flip",
    crop=4,
    normalize="cifar10",
)
_CIFAR_RESNET_SHORT = replace(
    _CIFAR_RESNET,
    name="cifar-resnet-short",
    purpose="the same in a sixth of the time",
    epochs=30,
    learning_rate=0.2,
    schedule="one-cycle",
    weight_decay=5e-4,
)
_CIFAR_VGG = replace(
    _CIFAR_RESNET,
    name="cifar-vgg",
    purpose="vgg-localnorm, vgg19 on CIFAR, from scratch",
    learning_rate=0.05,
    schedule="cosine",
    weight_decay=5e-4,
)
_CIFAR_RESNET_FINETUNE = replace(
    _CIFAR_RESNET,
    name="cifar-resnet-finetune",
    purpose="a ResNet for CIFAR, from a checkpoint",
    epochs=3,
    learning_rate=0.01,
    schedule="cosine",
    normalize="imagenet",
)
_IMAGENET_FINETUNE = Recipe(
    name="imagenet-finetune",
    purpose="torchvision:vgg16_bn and its kin on ImageNet, from a checkpoint",
    epochs=3,
    batch_size=128,
    num_groups=8,
    learning_rate=0.005,
    schedule="cosine",
    weight_decay=1e-4,
    augmentation="resized-crop-flip",
    crop=224,
    framing=256,
)
_CARS_FINETUNE = replace(
    _IMAGENET_FINETUNE,
    name="cars-finetune",
    purpose="torchvision:resnet152 and its kin on Stanford Cars, from a checkpoint with a new head",
    epochs=30,
    batch_size=16,
    num_groups=4,
)
_ENTRIES = (
    _MNIST, _CIFAR_VGG, _CIFAR_RESNET, _CIFAR_RESNET_SHORT, _CIFAR_RESNET_FINETUNE,
    _CARS_FINETUNE, _IMAGENET_FINETUNE,
)  # fmt: skip

RECIPES: Mapping[str, Recipe] = MappingProxyType({r.name: r for r in _ENTRIES})
"""Batch sizes and numbers of groups are the papers'; they publish no optimiser, so the rest is
what is usual for each network (He et al. 2015, section 4.2 for the ResNets)."""
