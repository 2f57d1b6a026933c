"""How many numbers a network has."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

__all__ = ["ParameterCounts", "count_parameters"]


class ParameterCounts(NamedTuple):
    """Numbers of parameters of a network.

    Attributes:
        trainable: Parameters.
        with_running: And the running means and variances, as the LocalNorm papers count.
    """

    trainable: int
    with_running: int


def count_parameters(model: nn.Module) -> ParameterCounts:
    """Count parameters, those of a layer that is used twice once.

    >>> count_parameters(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)))
    ParameterCounts(trainable=12, with_running=16)
    """
    trainable = sum(parameter.numel() for parameter in model.parameters())
    running = sum(
        buffer.numel()
        for name, buffer in model.named_buffers()
        if name.rpartition(".")[2] in ("running_mean", "running_var")
    )
    return ParameterCounts(trainable, trainable + running)
