"""The papers' ResNet32: pre-activation, with biases and projections."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_ln.models.networks.layers import draw_weights

__all__ = ["PreactResNet"]


class PreactResNet(nn.Module):
    """A 3x3 convolution, three stages of blocks, norm, ReLU, average pool, one linear layer.

    A block is norm -> ReLU -> conv, twice, plus the shortcut.
    31 norm layers. 470,218 parameters counting running statistics, 467,946 of them trainable.

    Args:
        num_classes: K.
        in_channels: 3 for colour images.
        blocks_per_stage: 5 for 32 layers.

    Shape: [N, in_channels, H, W] to [N, K]; H and W are 32 in the source.

    Source: the LocalNorm authors' code; He et al. 2016, "Identity mappings in deep residual
        networks", figure 1(b). A projection reads the block's input after norm and ReLU.
    """

    def __init__(
        self, num_classes: int = 10, in_channels: int = 3, *, blocks_per_stage: int = 5
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 16, 3, padding=1)
        self.layer1 = _stage(16, 16, blocks_per_stage)
        self.layer2 = _stage(16, 32, blocks_per_stage)
        self.layer3 = _stage(32, 64, blocks_per_stage)
        self.bn = nn.BatchNorm2d(64)
        self.linear = nn.Linear(64, num_classes)
        draw_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        features = self.layer3(self.layer2(self.layer1(self.conv1(images))))
        features = F.relu(self.bn(features))
        logits: Tensor = self.linear(features.mean(dim=(-2, -1)))
        return logits


class _Block(nn.Module):
    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        stride = 1 if in_channels == channels else 2
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride=stride, padding=1)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.projection = None if stride == 1 else nn.Conv2d(in_channels, channels, 1, stride=2)

    def forward(self, features: Tensor) -> Tensor:
        activated = F.relu(self.bn1(features))
        residual: Tensor = self.conv2(F.relu(self.bn2(self.conv1(activated))))
        shortcut = features if self.projection is None else self.projection(activated)
        return residual + shortcut


def _stage(in_channels: int, channels: int, num_blocks: int) -> nn.Sequential:
    rest = (_Block(channels, channels) for _ in range(num_blocks - 1))
    return nn.Sequential(_Block(in_channels, channels), *rest)
