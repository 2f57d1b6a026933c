"""What the CIFAR networks share: a convolution without bias, and how weights are drawn."""

from __future__ import annotations

from torch import nn

__all__ = ["convolution", "draw_weights"]


def convolution(
    in_channels: int, channels: int, size: int, stride: int = 1, groups: int = 1
) -> nn.Conv2d:
    """Return a size x size convolution without bias that keeps height and width at stride 1."""
    return nn.Conv2d(
        in_channels,
        channels,
        size,
        stride=stride,
        padding=size // 2,
        groups=groups,
        bias=False,
    )


def draw_weights(network: nn.Module) -> None:
    """Draw the weights of all convolutions and linear layers, in place.

    Weights on the meta device have shapes alone; torch would take seconds to draw nothing there.

    Source: He et al. 2015, "Delving deep into rectifiers", section 2.2, forward case.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear) and not module.weight.is_meta:
            nn.init.kaiming_normal_(module.weight)
