"""Weights are drawn where there are any."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_ln.models import ARCHITECTURES
from robustbench_ln.models.networks.layers import convolution, draw_weights


def test_weights_have_the_spread_of_their_fan_in() -> None:
    network = nn.Sequential(convolution(64, 128, 3), nn.Linear(500, 400))
    torch.manual_seed(1)
    draw_weights(network)
    spreads = [float(parameter.detach().std()) for parameter in network.parameters()]
    assert spreads[:2] == pytest.approx([(2 / (64 * 9)) ** 0.5, (2 / 500) ** 0.5], rel=0.02)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_networks_without_values_draw_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Normal draws on the meta device import torch's compiler, which takes seconds."""

    def refuse(*_: object) -> None:
        raise AssertionError("drawn")

    monkeypatch.setattr(nn.init, "kaiming_normal_", refuse)
    with torch.device("meta"):
        ARCHITECTURES[name].build(10, 3)
