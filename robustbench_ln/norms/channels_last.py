"""The order of values in memory that the convolutions of a CPU are fastest on."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

__all__ = ["to_channels_last"]

Network = TypeVar("Network", bound=nn.Module)


def to_channels_last(network: Network) -> Network:
    """Return the network itself, with its weights channels_last where that is possible."""
    if all(p.ndim < 5 for p in network.parameters()):  # the weights of a Conv3d have none
        return network.to(memory_format=torch.channels_last)
    return network
