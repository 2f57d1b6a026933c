"""Which known network a checkpoint belongs to, for the message that it does not fit another."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from robustbench_ln.errors import LnBenchError
from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.containers import State
from robustbench_ln.models.mismatch import compare_states, is_counter
from robustbench_ln.models.registry import ARCHITECTURES
from robustbench_ln.models.sizes import Sizes, build_shapes, match_groups, read_sizes
from robustbench_ln.models.torchvision_models import torchvision_architecture, torchvision_names

__all__ = ["describe_nearest"]

_LEAST_SHARE = 0.5
"""Below this share of common tensors a network is not worth naming."""


def describe_nearest(state: State) -> str:
    """Return how to load a checkpoint, or which known network is nearest; "" if none is near."""
    best_share, best_name = 0.0, ""
    for architecture in _candidates():
        share = _common_share(architecture, state)
        if share == 1.0:
            return f"--arch {architecture.id} fits exactly"
        if share > best_share:
            best_share, best_name = share, architecture.id
    if best_share < _LEAST_SHARE:
        return ""
    return f"the nearest known network is {best_name} ({best_share:.0%} of the tensors fit)"


def _candidates() -> Iterator[Architecture]:
    yield from ARCHITECTURES.values()
    try:
        names = torchvision_names()
    except LnBenchError:
        return  # a torchvision that does not import has no networks to suggest
    for name in names:
        yield torchvision_architecture(name)


def _common_share(architecture: Architecture, state: State) -> float:
    """Return the share of tensors, of both together, with the same name and shape."""
    sizes = Sizes(architecture.num_classes, architecture.in_channels)
    try:
        with torch.device("meta"):
            network = architecture.build(*sizes)
        share = _share(match_groups(network, state, ""), state)
        if share > _LEAST_SHARE:
            network = build_shapes(architecture, read_sizes(architecture, state))
            share = _share(match_groups(network, state, ""), state)
    except (LnBenchError, NotImplementedError):
        return 0.0
    return share


def _share(network: nn.Module, state: State) -> float:
    expected = network.state_dict()
    if compare_states(expected, state).is_empty:
        return 1.0
    common = sum(name in state and state[name].shape == t.shape for name, t in expected.items())
    return float(common) / len({n for n in {*expected, *state} if not is_counter(n)})
