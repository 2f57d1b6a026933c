"""Which known network a checkpoint belongs to, for the message that it does not fit another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
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
from robustbench_ln.models.sizes import Sizes, build_shapes, read_sizes

__all__ = ["describe_nearest"]

_LEAST_SHARE = 0.5
"""Below this share of common tensors a network is not worth naming."""


def describe_nearest(checkpoint: Checkpoint) -> str:
    """Return how to load a checkpoint, or which known network is nearest; "" if none is near.

    torchvision's networks are tried, in some seconds, where none of ours fits.
    """
    nearest = _find_nearest(ARCHITECTURES.values(), checkpoint)
    if nearest.share < 1.0:
        nearest = max(nearest, _find_nearest(_torchvision_architectures(), checkpoint))
    if nearest.share < _LEAST_SHARE:
        return ""
    names = nearest.names
    if nearest.share == 1.0:
        return f"{_enumerate(names)} {'fit' if len(names) > 1 else 'fits'} exactly"
    return f"the nearest known network is {names[-1]} ({nearest.share:.0%} of the tensors fit)"


class _Nearest(NamedTuple):
    """The share of common tensors, and all networks that have it."""

    share: float
    names: list[str]


def _find_nearest(architectures: Iterable[Architecture], checkpoint: Checkpoint) -> _Nearest:
    shares = {entry.id: _common_share(entry, checkpoint) for entry in architectures}
    largest = max(shares.values(), default=0.0)
    return _Nearest(largest, [name for name, share in shares.items() if share == largest])


def _enumerate(names: list[str]) -> str:
    """Return "A", "A and B" or "A, B and C", as settings."""
    settings = [setting("arch", name) for name in names]
    return " and ".join(filter(None, [", ".join(settings[:-1]), settings[-1]]))


def _torchvision_architectures() -> list[Architecture]:
    try:
        return [torchvision_architecture(name) for name in torchvision_names()]
    except LnBenchError:
        return []  # a torchvision that does not import has no networks to suggest


def _common_share(architecture: Architecture, checkpoint: Checkpoint) -> float:
    """Return the share of tensors, of both together, with the same name and shape."""
    state = {architecture.rename(name): tensor for name, tensor in checkpoint.state.items()}
    checkpoint = replace(checkpoint, state=state)
    sizes = Sizes(architecture.num_classes, architecture.in_channels)
    try:
        with torch.device("meta"):
            network = architecture.build(*sizes)
        share = _share(match_norms(network, checkpoint), state)
        if share > _LEAST_SHARE:
            network = build_shapes(architecture, read_sizes(architecture, state))
            share = _share(match_norms(network, checkpoint), state)
    except (LnBenchError, NotImplementedError):
        return 0.0
    return share


def _share(network: nn.Module, state: State) -> float:
    expected = network.state_dict()
    num_unlike = sum(map(len, compare_states(expected, state)))
    return 1 - num_unlike / len({*expected, *state})
