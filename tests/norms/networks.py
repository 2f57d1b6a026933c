"""Small networks for tests, with norm layers that have seen data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from robustbench_ln.norms import StatisticsLayout, with_statistics

SHAPE = (3, 8, 8)


def settle(model: nn.Module, seed: int = 0) -> nn.Module:
    """Give every norm layer random parameters and statistics, and go to eval mode."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        for name in ("weight", "bias", "running_mean"):
            value = getattr(module, name, None)
            if value is not None and not isinstance(module, nn.Conv2d | nn.Linear):
                value.data = torch.randn(value.shape, generator=generator)
        if getattr(module, "running_var", None) is not None:
            module.running_var.data = (
                torch.rand(module.running_var.shape, generator=generator) + 0.2
            )
    return model.eval()


class SmallNet(nn.Module):
    """conv - norm - ReLU - pool - conv - norm - mean - Linear, with dropout that must stay off."""

    def __init__(self, *, norm_after_linear: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(6, eps=1e-3)
        self.conv2 = nn.Conv2d(6, 8, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(8)
        self.dropout = nn.Dropout(0.5)
        self.dense = nn.Linear(8, 12)
        self.bn3 = nn.BatchNorm1d(12) if norm_after_linear else nn.Identity()
        self.head = nn.Linear(12, 5)

    def forward(self, images: Tensor) -> Tensor:
        features = nn.functional.max_pool2d(self.bn1(self.conv1(images)).relu(), 2)
        features = self.bn2(self.conv2(features)).relu().mean((2, 3))
        return self.head(self.bn3(self.dense(self.dropout(features))).relu())


def small_net(*, norm_after_linear: bool = False, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return settle(SmallNet(norm_after_linear=norm_after_linear), seed)


def random_images(number: int, size: int = 8, seed: int = 1) -> Tensor:
    return torch.rand(number, 3, size, size, generator=torch.Generator().manual_seed(seed))


def view(model: nn.Module, layout: StatisticsLayout, shape=SHAPE) -> nn.Module:
    return with_statistics(model, layout, image_shape=shape)


def set_layout(size: int) -> StatisticsLayout:
    return StatisticsLayout.set(size)
