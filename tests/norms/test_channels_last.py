from __future__ import annotations

import torch
from torch import nn

from robustbench_ln.norms.channels_last import to_channels_last


def test_weights_of_images_are_laid_out_and_keep_their_values():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    before = network[0].weight.detach().clone()
    assert to_channels_last(network) is network
    assert network[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert not network[0].weight.is_contiguous()
    assert torch.equal(network[0].weight, before)


def test_a_network_of_volumes_stays_as_it_is():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv3d(3, 4, 3))
    assert to_channels_last(network)[0].weight.is_contiguous()
