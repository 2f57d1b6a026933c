"""Which known network a checkpoint belongs to, for the message that it does not fit another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import nn

from robustbench_ln.errors import LnBenchError, setting
from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.checkpoint import Checkpoint
from robustbench_ln.models.containers import State
from robustbench_ln.models.heads import without_training_heads
from robustbench_ln.models.matching_norms import match_norms
from robustbench_ln.models.mismatch import compare_states
from robustbench_ln.models.networks.torchvision_models import torchvision_names
from robustbench_ln.models.prefixes import without_prefix
from robustbench_ln.models.registry import ARCHITECTURES, find_architecture
from robustbench_ln.models.shape_table import nearest_in_table, read_table
from robustbench_ln.models.sizes import Sizes, build_shapes, find_shapes

__all__ = ["describe_nearest"]

_LEAST_SHARE = 0.5
"""Below this share of common tensors a network is not worth naming."""

_MOST_PREFIXES, _MOST_NAMES = 3, 0.9
"""Parts of names that are taken off, where nine of ten tensors begin with them."""


def describe_nearest(checkpoint: Checkpoint) -> str:
    """Return how to load a checkpoint, or which known network is nearest; "" if none is near.

    torchvision's networks are looked at where none of ours fits.
    """
    nearest = _find_nearest(_candidates(ARCHITECTURES, checkpoint), checkpoint)
    if nearest.share < 1.0:
        theirs = _find_nearest(_candidates(_torchvision_ids(), checkpoint), checkpoint)
        nearest = max(nearest, theirs)
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


def _find_nearest(names: Iterable[str], checkpoint: Checkpoint) -> _Nearest:
    shares = {name: _common_share(find_architecture(name), checkpoint) for name in names}
    largest = max(shares.values(), default=0.0)
    return _Nearest(largest, [name for name, share in shares.items() if share == largest])


def _enumerate(names: list[str]) -> str:
    """Return "A", "A and B" or "A, B and C", as settings."""
    settings = [setting("arch", name) for name in names]
    return " and ".join(filter(None, [", ".join(settings[:-1]), settings[-1]]))


def _torchvision_ids() -> list[str]:
    try:
        return [f"torchvision:{name}" for name in torchvision_names()]
    except LnBenchError:
        return []  # a torchvision that does not import has no networks to suggest


def _candidates(names: Collection[str], checkpoint: Checkpoint) -> list[str]:
    """Return the nearest networks as far as the table knows them, and those that it does not."""
    table = read_table()
    nearest = [nearest_in_table(shapes, names) for shapes in _possible_shapes(checkpoint.state)]
    share, found = max(nearest)
    return [n for n in names if n not in table] + (found if share >= _LEAST_SHARE else [])


def _possible_shapes(state: State) -> Iterator[dict[str, torch.Size]]:
    """Yield names and shapes, as they are and without what most names begin with.

    Each time also as our networks call the tensors that others publish under other names.
    """
    renames = dict.fromkeys(entry.rename for entry in ARCHITECTURES.values())
    shapes = {name: tensor.shape for name, tensor in state.items()}
    for _ in range(_MOST_PREFIXES):
        for rename in renames:
            yield {rename(name): shape for name, shape in shapes.items()}
        firsts = Counter(name.partition(".")[0] for name in shapes)
        first, number = max(firsts.items(), key=lambda item: item[1], default=("", 0))
        if number < _MOST_NAMES * len(shapes):
            return
        shapes = {
            name.removeprefix(f"{first}."): shape
            for name, shape in shapes.items()
            if name.startswith(f"{first}.")
        }


def _common_share(architecture: Architecture, checkpoint: Checkpoint) -> float:
    """Return the share of tensors, of both together, with the same name and shape."""
    sizes = Sizes(architecture.num_classes, architecture.in_channels)
    try:
        with torch.device("meta"):
            network = architecture.build(*sizes)
        checkpoint = _named_as(network, architecture, checkpoint)
        share = _share(match_norms(network, checkpoint), checkpoint.state)
        if share > _LEAST_SHARE:
            sizes = find_shapes(architecture).read_sizes(checkpoint.state)
            network = build_shapes(architecture, sizes)
            without_training_heads(network, checkpoint.state)
            share = _share(match_norms(network, checkpoint), checkpoint.state)
    except (LnBenchError, NotImplementedError):
        return 0.0
    return share


def _named_as(network: nn.Module, architecture: Architecture, checkpoint: Checkpoint) -> Checkpoint:
    """Return a checkpoint with the network's names, where a prefix is all that they lack."""
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    state = {architecture.rename(name): tensor for name, tensor in checkpoint.state.items()}
    return without_prefix(replace(checkpoint, state=state), shapes)


def _share(network: nn.Module, state: State) -> float:
    expected = network.state_dict()
    num_unlike = sum(map(len, compare_states(expected, state)))
    return 1 - num_unlike / len({*expected, *state})
