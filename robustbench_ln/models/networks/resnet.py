"""The usual post-activation ResNets for CIFAR (20, 32, 44, 56, 110 layers), option-A shortcuts.

Module names are those of the public checkpoints: `conv1`, `bn1`, `layer1.0.conv1`, ..., `linear`.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_ln.models.networks.layers import convolution, draw_weights

__all__ = ["CifarResNet"]


class CifarResNet(nn.Module):
    """A 3x3 convolution, three stages of 16, 32 and 64 channels, average pool, one linear layer.

    6 x `blocks_per_stage` + 2 layers.

    Args:
        num_classes: K.
        in_channels: 3 for colour images.
        blocks_per_stage: 3 for ResNet-20, 5 for 32, 7 for 44, 9 for 56, 18 for 110.

    Shape: [N, in_channels, H, W] to [N, K]; H and W are 32 in the source.

    Source: He et al. 2015, "Deep residual learning for image recognition", section 4.2.
    """

    def __init__(
        self, num_classes: int = 10, in_channels: int = 3, *, blocks_per_stage: int
    ) -> None:
        super().__init__()
        self.conv1 = convolution(in_channels, 16, 3)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = _stage(16, 16, blocks_per_stage)
        self.layer2 = _stage(16, 32, blocks_per_stage)
        self.layer3 = _stage(32, 64, blocks_per_stage)
        self.linear = nn.Linear(64, num_classes)
        draw_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        features = F.relu(self.bn1(self.conv1(images)))
        features = self.layer3(self.layer2(self.layer1(features)))
        logits: Tensor = self.linear(features.mean(dim=(-2, -1)))
        return logits


class _Block(nn.Module):
    """Conv -> norm -> ReLU -> conv -> norm, plus the shortcut, then ReLU."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.stride = 1 if in_channels == channels else 2
        self.conv1 = convolution(in_channels, channels, 3, stride=self.stride)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = convolution(channels, channels, 3)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        residual = F.relu(self.bn1(self.conv1(features)))
        residual = self.bn2(self.conv2(residual))
        return F.relu(residual + self._shortcut(features, residual.shape[1]))

    def _shortcut(self, features: Tensor, channels: int) -> Tensor:
        """Return the input itself, or every second pixel of it between channels of zeros."""
        if self.stride == 1:
            return features
        added = (channels - features.shape[1]) // 2  # on each side
        return F.pad(features[:, :, ::2, ::2], (0, 0, 0, 0, added, added))


def _stage(in_channels: int, channels: int, num_blocks: int) -> nn.Sequential:
    rest = (_Block(channels, channels) for _ in range(num_blocks - 1))
    return nn.Sequential(_Block(in_channels, channels), *rest)
