"""DenseNets for CIFAR, with and without bottlenecks and compression.

Module names are those of AugMix and of RobustBench's source: `conv1`, `dense1.0.bn1`, ...,
`trans1.conv1`, ..., `bn1`, `fc`. Those of densenet-pytorch and of pytorch-cifar are renamed.
"""

from __future__ import annotations

import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_ln.models.networks.layers import convolution, draw_weights

__all__ = ["DenseNet", "from_other_name"]


GROWTH_RATE = 12
"""k: channels that each layer adds."""


class DenseNet(nn.Module):
    """A 3x3 convolution, dense blocks with transitions between them, norm, ReLU, pool, linear.

    A layer of a block adds 12 channels to those that it reads: norm -> ReLU -> 3x3, or
    with a bottleneck norm -> ReLU -> 1x1 to four times as many -> norm -> ReLU -> 3x3. A transition
    is norm -> ReLU -> 1x1 -> average pool of 2x2.

    Args:
        num_classes: K.
        in_channels: 3 for colour images.
        block_lengths: Layers of each dense block.
        is_bc: Whether it has bottlenecks (B), and transitions that halve the channels (C).
        puts_new_first: Whether the channels that a layer adds stand before those that it read, as
            in pytorch-cifar. It leaves no trace in the shapes.

    Shape: [N, in_channels, H, W] to [N, K]; H and W are 32 in the source.

    Source: Huang et al. 2017, "Densely connected convolutional networks", section 3.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        *,
        block_lengths: tuple[int, ...],
        is_bc: bool = True,
        puts_new_first: bool = False,
    ) -> None:
        super().__init__()
        channels = 2 * GROWTH_RATE
        self.conv1 = convolution(in_channels, channels, 3)
        self.num_blocks = len(block_lengths)
        for i, length in enumerate(block_lengths, start=1):
            layers = [
                _Layer(channels + k * GROWTH_RATE, is_bc, puts_new_first) for k in range(length)
            ]
            setattr(self, f"dense{i}", nn.Sequential(*layers))
            channels += length * GROWTH_RATE
            if i < self.num_blocks:
                after = channels // 2 if is_bc else channels
                setattr(self, f"trans{i}", _Transition(channels, after))
                channels = after
        self.bn1 = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels, num_classes)
        draw_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        features = self.conv1(images)
        for i in range(1, self.num_blocks + 1):
            features = self.get_submodule(f"dense{i}")(features)
            if i < self.num_blocks:
                features = self.get_submodule(f"trans{i}")(features)
        features = F.relu(self.bn1(features))
        logits: Tensor = self.fc(features.mean(dim=(-2, -1)))
        return logits


class _Layer(nn.Module):
    def __init__(self, in_channels: int, has_bottleneck: bool, puts_new_first: bool) -> None:
        super().__init__()
        self.puts_new_first = puts_new_first
        self.bn1 = nn.BatchNorm2d(in_channels)
        if has_bottleneck:
            self.conv1 = convolution(in_channels, 4 * GROWTH_RATE, 1)
            self.bn2: nn.Module | None = nn.BatchNorm2d(4 * GROWTH_RATE)
            self.conv2: nn.Module | None = convolution(4 * GROWTH_RATE, GROWTH_RATE, 3)
        else:
            self.conv1 = convolution(in_channels, GROWTH_RATE, 3)
            self.bn2 = self.conv2 = None

    def forward(self, features: Tensor) -> Tensor:
        new = self.conv1(F.relu(self.bn1(features)))
        if self.bn2 is not None and self.conv2 is not None:
            new = self.conv2(F.relu(self.bn2(new)))
        return torch.cat([new, features] if self.puts_new_first else [features, new], dim=1)


class _Transition(nn.Module):
    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = convolution(in_channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        return F.avg_pool2d(self.conv1(F.relu(self.bn1(features))), 2)


_OTHERS = (
    (re.compile(r"\bblock(\d)\.layer\."), r"dense\1."),  # densenet-pytorch
    (re.compile(r"\btrans(\d)\.(bn|conv)\."), r"trans\1.\g<2>1."),  # pytorch-cifar
    (re.compile(r"(^|\.)bn\."), r"\1bn1."),
    (re.compile(r"(^|\.)linear\."), r"\1fc."),
)


def from_other_name(name: str) -> str:
    """Return the name of a tensor here, given that of densenet-pytorch or pytorch-cifar.

    >>> from_other_name("block2.layer.0.conv1.weight"), from_other_name("trans1.bn.bias")
    ('dense2.0.conv1.weight', 'trans1.bn1.bias')
    """
    for pattern, replacement in _OTHERS:
        name = pattern.sub(replacement, name)
    return name
