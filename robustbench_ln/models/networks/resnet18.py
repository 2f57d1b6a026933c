"""ResNet-18 for CIFAR: ImageNet's widths behind a 3x3 convolution, post- and pre-activation.

Module names are those of pytorch-cifar: `conv1`, `bn1`, `layer1.0.conv1`, ...,
`layer2.0.shortcut.0`, ..., `linear`. torchvision's names (`downsample`, `fc`) are renamed to them.
"""

from __future__ import annotations

import re

import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_ln.models.networks.layers import convolution, draw_weights

__all__ = ["PreactResNet18", "ResNet18", "from_torchvision_name"]

_STAGES = ((64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2))
"""Channels before and in a stage of two blocks, and its stride."""


class ResNet18(nn.Module):
    """A 3x3 convolution, four stages of two blocks, average pool, one linear layer.

    A block is conv -> norm -> ReLU -> conv -> norm, plus the shortcut, then ReLU.

    Args:
        num_classes: K.
        in_channels: 3 for colour images.

    Shape: [N, in_channels, H, W] to [N, K]; H and W are 32 in the source.

    Source: He et al. 2015, table 1, 18 layers; stride 1 and 3x3 in the first convolution, and no
        max pool, as in pytorch-cifar.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 3) -> None:
        super().__init__()
        self.conv1 = convolution(in_channels, 64, 3)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            nn.Sequential(_Block(before, channels, stride), _Block(channels, channels))
            for before, channels, stride in _STAGES
        )
        self.linear = nn.Linear(512, num_classes)
        draw_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        features = F.relu(self.bn1(self.conv1(images)))
        features = self.layer4(self.layer3(self.layer2(self.layer1(features))))
        logits: Tensor = self.linear(features.mean(dim=(-2, -1)))
        return logits


class _Block(nn.Module):
    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = convolution(in_channels, channels, 3, stride)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = convolution(channels, channels, 3)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if in_channels != channels:
            projection = convolution(in_channels, channels, 1, stride)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(channels))

    def forward(self, features: Tensor) -> Tensor:
        residual = F.relu(self.bn1(self.conv1(features)))
        residual = self.bn2(self.conv2(residual))
        return F.relu(residual + self.shortcut(features))


class PreactResNet18(nn.Module):
    """A 3x3 convolution, four stages of two pre-activation blocks, average pool, linear.

    A block is norm -> ReLU -> conv, twice, plus the shortcut. Published versions differ in two
    details, the second of which leaves no trace in a checkpoint.

    Args:
        num_classes: K.
        in_channels: 3 for colour images.
        has_final_norm: Whether norm and ReLU, `bn`, stand before the pool.
        projects_activated: Whether a 1x1 projection reads the block's input after norm and ReLU,
            or the input itself.

    Shape: [N, in_channels, H, W] to [N, K]; H and W are 32 in the source.

    Source: He et al. 2016, "Identity mappings in deep residual networks", figure 1(b); widths of
        ResNet-18, as in pytorch-cifar.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        *,
        has_final_norm: bool = False,
        projects_activated: bool = True,
    ) -> None:
        super().__init__()
        self.conv1 = convolution(in_channels, 64, 3)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            nn.Sequential(
                _PreactBlock(before, channels, stride, projects_activated=projects_activated),
                _PreactBlock(channels, channels),
            )
            for before, channels, stride in _STAGES
        )
        self.bn = nn.BatchNorm2d(512) if has_final_norm else None
        self.linear = nn.Linear(512, num_classes)
        draw_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        features = self.layer2(self.layer1(self.conv1(images)))
        features = self.layer4(self.layer3(features))
        if self.bn is not None:
            features = F.relu(self.bn(features))
        logits: Tensor = self.linear(features.mean(dim=(-2, -1)))
        return logits


class _PreactBlock(nn.Module):
    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        *,
        projects_activated: bool = True,
    ) -> None:
        super().__init__()
        self.projects_activated = projects_activated
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = convolution(in_channels, channels, 3, stride)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv2 = convolution(channels, channels, 3)
        self.shortcut = nn.Sequential()
        if in_channels != channels:
            self.shortcut = nn.Sequential(convolution(in_channels, channels, 1, stride))

    def forward(self, features: Tensor) -> Tensor:
        activated = F.relu(self.bn1(features))
        residual: Tensor = self.conv2(F.relu(self.bn2(self.conv1(activated))))
        is_activated = self.projects_activated and len(self.shortcut) > 0
        shortcut: Tensor = self.shortcut(activated if is_activated else features)
        return residual + shortcut


_HEAD = re.compile(r"(^|\.)fc\.")


def from_torchvision_name(name: str) -> str:
    """Return the name of a tensor here, given torchvision's.

    >>> from_torchvision_name("layer2.0.downsample.1.bias"), from_torchvision_name("fc.bias")
    ('layer2.0.shortcut.1.bias', 'linear.bias')
    """
    return _HEAD.sub(r"\1linear.", name.replace(".downsample.", ".shortcut."))
