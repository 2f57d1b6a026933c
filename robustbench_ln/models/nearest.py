"""Which known network a checkpoint belongs to, for the message that it does not fit another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import nn

from robustbench_ln.errors import LnBenchError, setting
from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.checkpoint import Checkpoint
from robustbench_ln.models.containers import State
from robustbench_ln.models.matching_norms import match_norms
from robustbench_ln.models.mismatch import compare_states
from robustbench_ln.models.networks.torchvision_models import (
    torchvision_architecture,
    torchvision_names,
)
from robustbench_ln.models.registry import ARCHITECTURES
from robustbench_ln.models.sizes import Sizes, build_shapes, find_shapes

__all__ = ["describe_nearest"]

_LEAST_SHARE = 0.5
"""Below this share of common tensors a network is not worth naming."""


def describe_nearest(checkpoint: Checkpoint) -> str:
    """Return how to load a checkpoint, or which known network is nearest; "" if none is near.

    torchvision's networks are tried, in some seconds, where none of ours is near.
    """
    nearest = _find_nearest(ARCHITECTURES.values(), checkpoint)
    if nearest.share < _LEAST_SHARE:
        nearest = _find_nearest(_torchvision_architectures(), checkpoint)
    if nearest.share < _LEAST_SHARE:
        return ""
    if nearest.share == 1.0:
        return f"{setting('arch', nearest.name)} fits exactly"
    return f"the nearest known network is {nearest.name} ({nearest.share:.0%} of the tensors fit)"


class _Nearest(NamedTuple):
    share: float
    name: str


def _find_nearest(architectures: Iterable[Architecture], checkpoint: Checkpoint) -> _Nearest:
    shares = [_Nearest(_common_share(entry, checkpoint), entry.id) for entry in architectures]
    return max(shares, default=_Nearest(0.0, ""))


def _torchvision_architectures() -> list[Architecture]:
    try:
        return [torchvision_architecture(name) for name in torchvision_names()]
    except LnBenchError:
        return []  # a torchvision that does not import has no networks to suggest


def _common_share(architecture: Architecture, checkpoint: Checkpoint) -> float:
    """Return the share of tensors, of both together, with the same name and shape."""
    state = checkpoint.state
    sizes = Sizes(architecture.num_classes, architecture.in_channels)
    try:
        with torch.device("meta"):
            network = architecture.build(*sizes)
        share = _share(match_norms(network, checkpoint), state)
        if share > _LEAST_SHARE:
            network = build_shapes(architecture, find_shapes(architecture).read_sizes(state))
            share = _share(match_norms(network, checkpoint), state)
    except (LnBenchError, NotImplementedError):
        return 0.0
    return share


def _share(network: nn.Module, state: State) -> float:
    expected = network.state_dict()
    num_unlike = sum(map(len, compare_states(expected, state)))
    return 1 - num_unlike / len({*expected, *state})
