"""Giving a network the norm that a checkpoint was trained with."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models.checkpoint import Checkpoint
from robustbench_ln.norms import NORMS, replace_norms

__all__ = ["match_norms"]

_MARKED = {norm.mark: norm.id for norm in NORMS.values() if norm.mark}
"""Entry of a layer's state dict -> the only norm that has it."""

_ALIKE = tuple(id for id in NORMS if id not in ("batch", "local", *_MARKED.values()))
"""Norms whose weights are gamma and beta alone: only the file can say which of them it is."""

_MOST_UNFITTED = 1024
"""Groups that are made for a checkpoint that does not fit the network, for the message alone: it
must not take more memory than the file is large."""


def match_norms(network: nn.Module, checkpoint: Checkpoint) -> nn.Module:
    """Return the network with the norm of its checkpoint.

    Names and shapes decide where they can: gamma of [G, C] is LocalNorm's, mixing weights are
    SwitchNorm's, a counter of steps is Batch Renormalization's, a set size is Ghost
    BatchNorm's, other running statistics are BatchNorm's. Between GroupNorm, LayerNorm and
    InstanceNorm the metadata's `norm` decides.

    Args:
        network: Returned as it is if it has no BatchNorm2d.
        checkpoint: The weights.

    Raises:
        CheckpointError: LocalNorm layers with different numbers of groups, or none of the above.
        LayoutError: The network's norm layers cannot be replaced.
    """
    layers = {
        f"{name}." if name else "": module
        for name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d | nn.SyncBatchNorm)
    }
    groups = _local_groups(layers, checkpoint)
    norm = "local" if groups else _find_norm(layers, checkpoint)
    if norm == "batch":
        return network
    return replace_norms(network, norm, num_groups=groups or 1).model


def _local_groups(layers: Mapping[str, nn.Module], checkpoint: Checkpoint) -> int | None:
    """Return the number of groups, at most `_MOST_UNFITTED` where a layer's weight does not fit."""
    weights = (checkpoint.state.get(f"{layer}weight") for layer in layers)
    groups = {weight.shape[0] for weight in weights if weight is not None and weight.ndim == 2}
    if len(groups) > 1 or 0 in groups:
        numbers = ", ".join(map(str, sorted(groups)))
        raise CheckpointError(
            f"{checkpoint.path}: its LocalNorm layers have {numbers} groups; "
            "expected the same number, 1 or more, in all"
        )
    number = next(iter(groups), None)
    if number is None or number <= _MOST_UNFITTED:
        return number
    fits = all(
        f"{layer}weight" in checkpoint.state
        and checkpoint.state[f"{layer}weight"].shape == (number, module.num_features)
        for layer, module in layers.items()
    )
    return number if fits else _MOST_UNFITTED


def _find_norm(layers: Mapping[str, nn.Module], checkpoint: Checkpoint) -> str:
    state = checkpoint.state
    for key, norm in (*_MARKED.items(), ("running_mean", "batch")):
        if any(f"{layer}{key}" in state for layer in layers):
            return norm
    weights = {layer: state.get(f"{layer}weight") for layer in layers}
    bare = [layer for layer, gamma in weights.items() if gamma is not None and gamma.ndim == 1]
    stated = checkpoint.metadata.get("norm")
    if bare and stated in _ALIKE:
        return str(stated)
    if any(layers[layer].running_mean is not None for layer in bare):
        raise CheckpointError(
            f"{checkpoint.path}: its norm layers have gamma and beta but no running statistics, "
            "like those of GroupNorm, LayerNorm and InstanceNorm; add an entry 'norm' to the file "
            f"that says which: {', '.join(_ALIKE)}"
        )
    return "batch"
