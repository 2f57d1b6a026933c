"""How far the groups of LocalNorm went apart: gamma and beta of each channel over the groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from robustbench_ln.norms.local import LocalNorm2d

__all__ = ["GroupSpread", "group_spread"]


class GroupSpread(NamedTuple):
    """Gamma and beta of one or several LocalNorm layers; every channel counts once.

    Attributes:
        gamma_size: Mean of |gamma| over channels and groups.
        gamma_sd: Mean over channels of the population SD over groups of gamma; 0 where the groups
            agree.
        beta_size: Mean of |beta| over channels and groups.
        beta_sd: The same of beta.
    """

    gamma_size: float
    gamma_sd: float
    beta_size: float
    beta_sd: float


def group_spread(layers: Sequence[LocalNorm2d]) -> GroupSpread:
    """Return the spread over groups in one layer, or over all channels of several, at least one."""
    gamma = [_sizes_and_sds(layer.weight) for layer in layers]
    beta = [_sizes_and_sds(layer.bias) for layer in layers]
    return GroupSpread(*_mean_over_channels(gamma), *_mean_over_channels(beta))


def _sizes_and_sds(values: Tensor) -> Tensor:
    """Return [2, C] of [G, C]: mean absolute value and SD of each channel over the groups."""
    wide = values.detach().double()
    return torch.stack([wide.abs().mean(dim=0), wide.std(dim=0, correction=0)])


def _mean_over_channels(layers: Sequence[Tensor]) -> list[float]:
    means: list[float] = torch.cat(list(layers), dim=1).mean(dim=1).tolist()
    return means
