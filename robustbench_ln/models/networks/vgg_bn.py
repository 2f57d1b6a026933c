"""VGG16 with BatchNorm before each ReLU, for CIFAR, with either of the published heads.

Module names are torchvision's: `features.0` to `features.42`, then `classifier.0`, `.3` and `.6`
(pytorch-cifar-models) or `classifier` alone (pytorch-cifar).
"""

from __future__ import annotations

from torch import Tensor, nn

from robustbench_ln.models.networks.layers import draw_weights
from robustbench_ln.models.networks.vgg import VGG16_STAGES

__all__ = ["VggBn"]


class VggBn(nn.Module):
    """13 convolutions with bias, each followed by norm and ReLU, in five stages; then the head.

    A 2x2 max pool ends each stage, so that one position of 512 channels is left.

    Args:
        num_classes: K.
        in_channels: 3 for colour images.
        has_hidden_layers: Whether the head has two hidden layers of 512 with dropout 0.5.

    Shape: [N, in_channels, 32, 32] to [N, K].

    Source: Simonyan & Zisserman 2014, table 1, column D; norms and heads as in
        pytorch-cifar-models (with hidden layers) and pytorch-cifar (without).
    """

    def __init__(
        self, num_classes: int = 10, in_channels: int = 3, *, has_hidden_layers: bool
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for stage in VGG16_STAGES:
            for channels in stage:
                convolution = nn.Conv2d(in_channels, channels, 3, padding=1)
                layers += [convolution, nn.BatchNorm2d(channels), nn.ReLU()]
                in_channels = channels
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        head = nn.Linear(512, num_classes)
        hidden = [part for _ in range(2) for part in _hidden()] if has_hidden_layers else []
        self.classifier = nn.Sequential(*hidden, head) if hidden else head
        draw_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.classifier(self.features(images).flatten(1))
        return logits


def _hidden() -> list[nn.Module]:
    return [nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.5)]
