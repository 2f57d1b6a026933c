"""The papers' network for MNIST."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["MnistDnn"]


class MnistDnn(nn.Module):
    """conv16-conv16-pool-conv32-conv32-pool-512-1024-classes, for 28x28 images.

    3x3 convolutions without padding, conv -> ReLU -> norm, dropout .25 after each pool and after
    the first dense layer, .5 after the second. 28 -> 26 -> 24 -> 12 -> 10 -> 8 -> 4 pixels.

    Args:
        num_classes: K.
        in_channels: 1 for grey images.

    Shape: [N, in_channels, 28, 28] to [N, K].

    Source: LocalNorm (arXiv), section 4: "Input-16c-16c-32c-32c-512d-1024d-output"; kernel sizes,
        pools and dropout from the authors' code.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(in_channels, 16),
            *_convolution(16, 16),
            nn.MaxPool2d(2),
            nn.Dropout(0.25),
            *_convolution(16, 32),
            *_convolution(32, 32),
            nn.MaxPool2d(2),
            nn.Dropout(0.25),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(32 * 4 * 4, 512),
            nn.ReLU(),
            nn.Dropout(0.25),
            nn.Linear(512, 1024),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(1024, num_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.classifier(self.features(images))
        return logits


def _convolution(in_channels: int, out_channels: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(in_channels, out_channels, 3), nn.ReLU(), nn.BatchNorm2d(out_channels)
