"""Heads of another form than the network's: the same function, written otherwise.

A head here is the linear layer that gives the logits. It is changed where that changes no logit;
anything else is refused, with what to do about it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import torch
from torch import Tensor, nn

from robustbench_ln.errors import CheckpointError, setting
from robustbench_ln.models.checkpoint import Checkpoint
from robustbench_ln.models.containers import State
from robustbench_ln.models.mismatch import is_counter
from robustbench_ln.models.sizes import NetworkShapes

__all__ = ["TRAINING_HEADS", "adapt_head", "without_training_heads"]

TRAINING_HEADS = ("aux1", "aux2", "AuxLogits")
"""Modules of torchvision's GoogLeNet and Inception that only a training runs."""


def adapt_head(checkpoint: Checkpoint, shapes: NetworkShapes, network: str) -> Checkpoint:
    """Give a checkpoint the network's head: its name, its axes, and a bias of 0 where it has none.

    Args:
        checkpoint: Without a prefix.
        shapes: Shapes of the network.
        network: What it is called.

    Raises:
        CheckpointError: All but the head fits, and the file has none, or one of several layers.
    """
    own = [name for name in shapes.head if not name.startswith(TRAINING_HEADS)]
    weights = [name for name in own if name.endswith(".weight")]
    if len(weights) != 1 or not _fits_below(checkpoint.state, shapes):
        return checkpoint
    (weight,) = weights
    if weight not in checkpoint.state:
        checkpoint = _renamed(checkpoint, shapes, weight, network)
    return _reshaped(checkpoint, shapes, weight)


def _fits_below(state: State, shapes: NetworkShapes) -> bool:
    """Whether the file has all of the network's tensors but those of heads."""
    return all(
        name in state
        for name in shapes.plain
        if name not in shapes.head
        and not name.startswith(TRAINING_HEADS)
        and not is_counter(name)
        and not name.rpartition(".")[2].startswith("running_")
    )


def _renamed(
    checkpoint: Checkpoint, shapes: NetworkShapes, weight: str, network: str
) -> Checkpoint:
    """Find the one linear layer that the network does not have: that is the head."""
    module = weight.removesuffix("weight")
    inside = {n: t for n, t in checkpoint.state.items() if n not in shapes.plain}
    outside = {n: t for n, t in checkpoint.beside.items() if isinstance(t, Tensor)}
    layers = {n: t for n, t in {**outside, **inside}.items() if n.endswith("weight") and t.ndim > 1}
    if not layers and not inside:
        raise CheckpointError(
            f"{checkpoint.path}: has no head: it has all of {network} except '{weight}', as after "
            "self-supervised training; use a classifier that was fine-tuned from it"
        )
    found = next(iter(layers), "")
    parts = {n: t for n, t in {**outside, **inside}.items() if _is_of(n, found)}
    features = shapes.plain[weight][1]
    is_head = len(layers) == 1 and set(inside) <= set(parts) and _is_linear(parts, features)
    if not is_head:
        weights = {name: t for name, t in inside.items() if name.endswith("weight")}
        raise CheckpointError(
            _describe_odd(checkpoint, weights | layers or inside, weight, network)
        )
    moved = {module + n.rpartition(".")[2]: t for n, t in parts.items()}
    return replace(
        checkpoint,
        state={n: t for n, t in checkpoint.state.items() if n not in parts} | moved,
        beside={n: t for n, t in checkpoint.beside.items() if n not in parts},
        notes=(*checkpoint.notes, f"took '{found}' for the head, '{weight}'"),
    )


def _is_of(name: str, weight: str) -> bool:
    return name.rpartition(".")[0] == weight.rpartition(".")[0]


def _is_linear(parts: State, features: int) -> bool:
    """Whether these are gamma-less weights [K, features] and at most a bias [K]."""
    by_part = {name.rpartition(".")[2]: tensor for name, tensor in parts.items()}
    weight = by_part.pop("weight", torch.empty(0))
    fits = weight.shape[1:] in ((features,), (features, 1, 1))
    return fits and all(n == "bias" and t.shape == weight.shape[:1] for n, t in by_part.items())


def _describe_odd(checkpoint: Checkpoint, layers: State, weight: str, network: str) -> str:
    shown = ", ".join(f"'{name}' {list(t.shape)}" for name, t in list(layers.items())[:4])
    return (
        f"{checkpoint.path}: has another head than {network}, whose one layer is '{weight}': "
        f"{shown}; write a FILE.py with a function that returns {network} with this head, and give "
        f"{setting('model', 'FILE.py:FUNCTION')}"
    )


def _reshaped(checkpoint: Checkpoint, shapes: NetworkShapes, weight: str) -> Checkpoint:
    """Turn a 1x1 convolution into a linear layer or back, and add a bias of 0."""
    state, notes, expected = dict(checkpoint.state), [], shapes.plain[weight]
    tensor = state[weight]
    if tensor.ndim == 4 and len(expected) == 2 and tensor.shape[2:] == (1, 1):
        state[weight] = tensor.flatten(1)
        notes.append(f"read the 1x1 convolution '{weight}' as a linear layer")
    elif tensor.ndim == 2 and expected[2:] == (1, 1):
        state[weight] = tensor[:, :, None, None]
        notes.append(f"read the linear layer '{weight}' as a 1x1 convolution")
    bias = weight.removesuffix("weight") + "bias"
    if bias in shapes.plain and bias not in state:
        state[bias] = torch.zeros(tensor.shape[0])
        notes.append(f"gave the head a bias of 0, '{bias}'")
    if not notes:
        return checkpoint
    return replace(checkpoint, state=state, notes=(*checkpoint.notes, *notes))


def without_training_heads(network: nn.Module, names: Collection[str]) -> list[str]:
    """Take out the heads that only a training runs, where a checkpoint has none of their tensors.

    Args:
        network: A library's network, which is changed.
        names: Names of the checkpoint's tensors.

    Returns: The names of the heads.
    """
    absent = [head for head in TRAINING_HEADS if _has(network, head) and not _any(names, head)]
    for head in absent:
        setattr(network, head, None)
    return absent


def _has(network: nn.Module, head: str) -> bool:
    return isinstance(getattr(network, head, None), nn.Module)


def _any(names: Iterable[str], head: str) -> bool:
    return any(name.startswith(f"{head}.") for name in names)
