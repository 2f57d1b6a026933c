"""A user's own norm layer, named as one that works as BatchNorm does."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import StatisticsLayout, find_norm_layers, with_statistics
from tests.norms.networks import random_images

SHAPE = (3, 8, 8)


class ScaledNorm(nn.Module):
    """No BatchNorm by class: normalises, and adds a gate of its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.eps = 1e-2
        self.scale = nn.Parameter(torch.rand(channels) + 0.5)
        self.register_buffer("running_mean", torch.randn(channels))
        self.register_buffer("running_var", torch.rand(channels) + 0.2)

    def forward(self, features):
        mean = self.running_mean[None, :, None, None]
        scale = (self.scale * (self.running_var + self.eps).rsqrt())[None, :, None, None]
        return ((features - mean) * scale).tanh()


class OtherFormula(ScaledNorm):
    def forward(self, features):
        return features - self.running_mean[None, :, None, None]


class WithoutBuffers(nn.Module):
    eps = 1e-5

    def forward(self, features):
        return features


def network(norm: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), norm, nn.AdaptiveAvgPool2d(1), nn.Flatten())


@pytest.mark.parametrize(
    ("layout", "size"), [(StatisticsLayout.image(), 1), (StatisticsLayout.batch(4), 4)]
)
def test_a_named_layer_takes_the_statistics_of_the_layout(layout, size):
    norm = ScaledNorm(4)
    model, images = network(norm), random_images(8)
    view = with_statistics(model, layout, image_shape=SHAPE, norm_classes=(ScaledNorm,))
    features = model[0](images).detach().double()
    expected = []
    for part in features.split(size):
        mean = part.mean((0, 2, 3), keepdim=True)
        variance = (part - mean).square().mean((0, 2, 3), keepdim=True)
        scale = norm.scale.detach()[None, :, None, None]
        expected.append(((part - mean) / (variance + 1e-2).sqrt() * scale).tanh().mean((2, 3)))
    assert torch.allclose(view(images).double(), torch.cat(expected), atol=1e-5)
    running = with_statistics(
        model, StatisticsLayout.running(), image_shape=SHAPE, norm_classes=(ScaledNorm,)
    )
    assert torch.allclose(running(images), model(images), atol=1e-6)


def test_without_its_name_the_layer_is_none():
    assert find_norm_layers(network(ScaledNorm(4)), SHAPE) == ()
    with pytest.raises(LayoutError, match="no BatchNorm or LocalNorm layer"):
        with_statistics(network(ScaledNorm(4)), StatisticsLayout.image(), image_shape=SHAPE)


@pytest.mark.parametrize(
    ("norm", "message"),
    [
        (OtherFormula(4), r"'1' \(OtherFormula\) cannot be dynamic: its eval forward is not"),
        (WithoutBuffers(), r"'1' \(WithoutBuffers\) cannot be dynamic; expected buffers running"),
    ],
)
def test_layers_that_work_in_another_way_are_refused(norm, message):
    with pytest.raises(LayoutError, match=message):
        find_norm_layers(network(norm), SHAPE, (type(norm),))
