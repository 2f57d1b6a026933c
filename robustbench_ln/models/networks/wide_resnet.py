"""Wide ResNets for CIFAR: WRN-depth-width.

Module names are those of the public checkpoints (RobustBench, AugMix): `conv1`,
`block1.layer.0.bn1`, ..., `block2.layer.0.convShortcut`, ..., `bn1`, `fc`.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_ln.models.networks.layers import convolution, draw_weights

__all__ = ["WideResNet"]


class WideResNet(nn.Module):
    """A 3x3 convolution, three stages of pre-activation blocks, norm, ReLU, average pool, linear.

    A block is norm -> ReLU -> conv, twice, plus the shortcut. Where a block changes the number of
    channels, its 1x1 projection reads the input after norm and ReLU.

    Args:
        num_classes: K.
        in_channels: 3 for colour images.
        depth: 6 x blocks of a stage + 4.
        widen_factor: Stages have 16, 32 and 64 channels times this.

    Shape: [N, in_channels, H, W] to [N, K]; H and W are 32 in the source.

    Source: Zagoruyko & Komodakis 2016, "Wide residual networks", table 1, B(3, 3); no dropout.
    """

    def __init__(
        self, num_classes: int = 10, in_channels: int = 3, *, depth: int, widen_factor: int
    ) -> None:
        super().__init__()
        num_blocks, wide = (depth - 4) // 6, 16 * widen_factor
        self.conv1 = convolution(in_channels, 16, 3)
        self.block1 = _Stage(16, wide, num_blocks, stride=1)
        self.block2 = _Stage(wide, 2 * wide, num_blocks, stride=2)
        self.block3 = _Stage(2 * wide, 4 * wide, num_blocks, stride=2)
        self.bn1 = nn.BatchNorm2d(4 * wide)
        self.fc = nn.Linear(4 * wide, num_classes)
        draw_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        features = self.block3(self.block2(self.block1(self.conv1(images))))
        features = F.relu(self.bn1(features))
        logits: Tensor = self.fc(features.mean(dim=(-2, -1)))
        return logits


class _Stage(nn.Module):
    def __init__(self, in_channels: int, channels: int, num_blocks: int, *, stride: int) -> None:
        super().__init__()
        rest = (_Block(channels, channels) for _ in range(num_blocks - 1))
        self.layer = nn.Sequential(_Block(in_channels, channels, stride), *rest)

    def forward(self, features: Tensor) -> Tensor:
        result: Tensor = self.layer(features)
        return result


class _Block(nn.Module):
    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = convolution(in_channels, channels, 3, stride=stride)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv2 = convolution(channels, channels, 3)
        changes = in_channels != channels
        self.convShortcut = convolution(in_channels, channels, 1, stride) if changes else None

    def forward(self, features: Tensor) -> Tensor:
        activated = F.relu(self.bn1(features))
        residual: Tensor = self.conv2(F.relu(self.bn2(self.conv1(activated))))
        shortcut = features if self.convShortcut is None else self.convShortcut(activated)
        return residual + shortcut
