"""ResNeXt-29 for CIFAR.

Module names are those of pytorch-cifar: `conv1`, `bn1`, `layer1.0.conv1`, ...,
`layer1.0.shortcut.0`, ..., `linear`. AugMix's names are renamed to them.
"""

from __future__ import annotations

import re

import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_ln.models.networks.layers import convolution, draw_weights

__all__ = ["ResNeXt29", "from_augmix_name"]


class ResNeXt29(nn.Module):
    """A convolution to 64 channels, three stages of three blocks, average pool, linear.

    A block is a 1x1, a grouped 3x3 and a 1x1 convolution, each with a norm, ReLU between them, plus
    the shortcut, then ReLU. The first stage has cardinality x width channels inside its blocks and
    twice as many between them; each further stage has twice those.

    Args:
        num_classes: K.
        in_channels: 3 for colour images.
        cardinality: Groups of the 3x3 convolutions.
        width: Channels of a group in the first stage.
        stem_size: Side of the first convolution; 3 in the paper and in AugMix, 1 in pytorch-cifar.

    Shape: [N, in_channels, H, W] to [N, K]; H and W are 32 in the source.

    Source: Xie et al. 2017, "Aggregated residual transformations for deep neural networks",
        section 5.3 and figure 3(c).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        *,
        cardinality: int,
        width: int,
        stem_size: int,
    ) -> None:
        super().__init__()
        inner = cardinality * width
        self.conv1 = convolution(in_channels, 64, stem_size)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _stage(64, inner, cardinality, stride=1)
        self.layer2 = _stage(2 * inner, 2 * inner, cardinality, stride=2)
        self.layer3 = _stage(4 * inner, 4 * inner, cardinality, stride=2)
        self.linear = nn.Linear(8 * inner, num_classes)
        draw_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        features = F.relu(self.bn1(self.conv1(images)))
        features = self.layer3(self.layer2(self.layer1(features)))
        logits: Tensor = self.linear(features.mean(dim=(-2, -1)))
        return logits


class _Block(nn.Module):
    def __init__(self, in_channels: int, inner: int, cardinality: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = convolution(in_channels, inner, 1)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = convolution(inner, inner, 3, stride, cardinality)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = convolution(inner, 2 * inner, 1)
        self.bn3 = nn.BatchNorm2d(2 * inner)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != 2 * inner:
            projection = convolution(in_channels, 2 * inner, 1, stride)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(2 * inner))

    def forward(self, features: Tensor) -> Tensor:
        residual = F.relu(self.bn1(self.conv1(features)))
        residual = F.relu(self.bn2(self.conv2(residual)))
        residual = self.bn3(self.conv3(residual))
        return F.relu(residual + self.shortcut(features))


def _stage(in_channels: int, inner: int, cardinality: int, *, stride: int) -> nn.Sequential:
    rest = (_Block(2 * inner, inner, cardinality) for _ in range(2))
    return nn.Sequential(_Block(in_channels, inner, cardinality, stride), *rest)


_AUGMIX = (
    (re.compile(r"(^|\.)conv_1_3x3\."), r"\1conv1."),
    (re.compile(r"(^|\.)bn_1\."), r"\1bn1."),
    (re.compile(r"(^|\.)classifier\."), r"\1linear."),
    (re.compile(r"\bstage_(\d)\.(\d)\.downsample\."), r"layer\1.\2.shortcut."),
    (re.compile(r"\bstage_(\d)\.(\d)\.(conv|bn)_reduce\."), r"layer\1.\2.\g<3>1."),
    (re.compile(r"\bstage_(\d)\.(\d)\.conv_conv\."), r"layer\1.\2.conv2."),
    (re.compile(r"\bstage_(\d)\.(\d)\.bn\."), r"layer\1.\2.bn2."),
    (re.compile(r"\bstage_(\d)\.(\d)\.(conv|bn)_expand\."), r"layer\1.\2.\g<3>3."),
)


def from_augmix_name(name: str) -> str:
    """Return the name of a tensor here, given AugMix's.

    >>> from_augmix_name("stage_2.0.bn_expand.weight"), from_augmix_name("layer2.0.bn3.weight")
    ('layer2.0.bn3.weight', 'layer2.0.bn3.weight')
    """
    for pattern, replacement in _AUGMIX:
        name = pattern.sub(replacement, name)
    return name
