"""The spread over groups against plain loops."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from robustbench_ln.norms import GroupSpread, LocalNorm2d, group_spread


def layer_with(weight: Tensor, bias: Tensor) -> LocalNorm2d:
    layer = LocalNorm2d(weight.shape[1], len(weight))
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def expected(layers: list[LocalNorm2d]) -> list[float]:
    """Size and SD of gamma, then of beta, channel by channel."""
    result = []
    for name in ("weight", "bias"):
        sizes, deviations = [], []
        for layer in layers:
            for channel in zip(*getattr(layer, name).tolist(), strict=True):
                mean = math.fsum(channel) / len(channel)
                variance = math.fsum((value - mean) ** 2 for value in channel) / len(channel)
                sizes.append(math.fsum(abs(value) for value in channel) / len(channel))
                deviations.append(math.sqrt(variance))
        result += [math.fsum(values) / len(values) for values in (sizes, deviations)]
    return result


def test_spread_equals_the_definition():
    generator = torch.Generator().manual_seed(2)
    layers = [
        layer_with(*(torch.randn(groups, channels, generator=generator) for _ in range(2)))
        for groups, channels in ((4, 3), (4, 5), (2, 1))
    ]
    for chosen in ([layers[0]], layers):
        assert group_spread(chosen) == pytest.approx(expected(chosen), rel=1e-12)


def test_equal_groups_have_no_spread_whatever_their_channels():
    gamma = torch.tensor([0.5, -2.0]).expand(3, 2)
    assert group_spread([layer_with(gamma, torch.zeros(3, 2))]) == GroupSpread(1.25, 0, 0, 0)
