"""The all-convolutional network that AugMix and its followers train.

Module names are AugMix's: `features.0` to `features.27`, `classifier`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from robustbench_ln.models.networks.layers import draw_weights

__all__ = ["AllConv"]


class AllConv(nn.Module):
    """Nine convolutions with bias, each followed by norm and GELU, average pool, one linear layer.

    Two 2x2 max pools, each with dropout 0.5 in training, stand after the third and the sixth. The
    last two convolutions are 1x1 and padded all the same, so that the map grows to 10x10; the
    published network averages its first 8x8 positions, and so does this one.

    Args:
        num_classes: K.
        in_channels: 3 for colour images.

    Shape: [N, in_channels, H, W] to [N, K]; H and W are 32 in the source.

    Source: Springenberg et al. 2015, "Striving for simplicity", table 1, with AugMix's norms,
        activations (x sigmoid(1.702 x)), max pools and head.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_layers(in_channels, 96, 3),
            *_layers(96, 96, 3),
            *_layers(96, 96, 3),
            nn.MaxPool2d(2),
            nn.Dropout(0.5),
            *_layers(96, 192, 3),
            *_layers(192, 192, 3),
            *_layers(192, 192, 3),
            nn.MaxPool2d(2),
            nn.Dropout(0.5),
            *_layers(192, 192, 3, padding=0),
            *_layers(192, 192, 1),
            *_layers(192, 192, 1),
        )
        self.classifier = nn.Linear(192, num_classes)
        draw_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        features = self.features(images)[..., :8, :8]
        logits: Tensor = self.classifier(features.mean(dim=(-2, -1)))
        return logits


class _Gelu(nn.Module):
    """Hendrycks & Gimpel 2016's sigmoid approximation of GELU."""

    def forward(self, features: Tensor) -> Tensor:
        return features * torch.sigmoid(1.702 * features)


def _layers(in_channels: int, channels: int, size: int, padding: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(in_channels, channels, size, padding=padding)
    return [convolution, nn.BatchNorm2d(channels), _Gelu()]
