"""The papers' VGG for CIFAR-10, and the true VGG19 with the same head."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["VGG16_STAGES", "VGG19_STAGES", "Vgg"]

Stages = tuple[tuple[int, ...], ...]

VGG16_STAGES: Stages = ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3)
"""13 convolutions: their output channels, a 2x2 max pool after each stage."""

VGG19_STAGES: Stages = ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4)
"""16 convolutions."""


class Vgg(nn.Module):
    """VGG trunk, conv -> ReLU -> norm, then Dense 512 and Dense K; for 32x32 images.

    Dropout .3 after the first convolution's norm. After five pools one position is left.

    Args:
        num_classes: K.
        in_channels: 3 for colour images.
        stages: Output channels of the convolutions, stage by stage.
        has_dense_norm: Whether a BatchNorm follows the Dense 512. With it the 13-convolution
            network has 15,001,418 parameters counting running statistics, else 14,999,370.

    Shape: [N, in_channels, 32, 32] to [N, K].

    Source: the authors' code. The papers call the 13-convolution network "VGG19".
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        *,
        stages: Stages = VGG16_STAGES,
        has_dense_norm: bool = True,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = in_channels
        for stage in stages:
            for width in stage:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                layers += [nn.BatchNorm2d(width)]
                channels = width
            layers += [nn.MaxPool2d(2)]
        layers.insert(3, nn.Dropout(0.3))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels, 512),
            nn.ReLU(),
            nn.BatchNorm1d(512) if has_dense_norm else nn.Identity(),
            nn.Linear(512, num_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.classifier(self.features(images))
        return logits
