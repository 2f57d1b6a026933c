"""Reading a network's free sizes, and LocalNorm's groups, off the shapes in a checkpoint.

Networks are compared on the meta device, where tensors have shapes and no values: building one
takes a tenth of a second.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.containers import State
from robustbench_ln.norms import convert_batchnorm

__all__ = ["Sizes", "build_shapes", "match_groups", "read_sizes"]


class Sizes(NamedTuple):
    """The sizes with which a network is built."""

    num_classes: int
    in_channels: int


def read_sizes(architecture: Architecture, state: State) -> Sizes:
    """Return the sizes that a checkpoint's shapes tell; those published where they tell none.

    The head is whatever changes its shape when the network is built with one class more, the
    stem what does so with one channel more.
    """
    published = Sizes(architecture.num_classes, architecture.in_channels)
    shapes = _shapes(build_shapes(architecture, published))
    more_classes = published._replace(num_classes=published.num_classes + 1)
    more_channels = published._replace(in_channels=published.in_channels + 1)
    return Sizes(
        _read_changed(shapes, _shapes(build_shapes(architecture, more_classes)), state)
        or published.num_classes,
        _read_changed(shapes, _shapes(build_shapes(architecture, more_channels)), state)
        or published.in_channels,
    )


def build_shapes(architecture: Architecture, sizes: Sizes) -> nn.Module:
    """Build a network without values."""
    try:
        with torch.device("meta"):
            return architecture.build(*sizes)
    except NotImplementedError:
        # Some networks compute with tensors while they are built (torchvision's regnets).
        return architecture.build(*sizes)


def match_groups(network: nn.Module, state: State, where: str) -> nn.Module:
    """Return the network with LocalNorm2d layers, where the checkpoint's norms are [G, C].

    Raises:
        CheckpointError: The layers have different numbers of groups.
        LayoutError: The network's norm layers cannot be replaced.
    """
    groups = {
        state[name].shape[0]
        for name in _batchnorm_weights(network)
        if name in state and state[name].ndim == 2
    }
    if not groups:
        return network
    if len(groups) > 1 or 0 in groups:
        numbers = ", ".join(map(str, sorted(groups)))
        raise CheckpointError(
            f"{where}: its LocalNorm layers have {numbers} groups; expected one number of 1 or more"
        )
    return convert_batchnorm(network, groups.pop()).model


def _batchnorm_weights(network: nn.Module) -> list[str]:
    return [
        f"{name}.weight".removeprefix(".")
        for name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d | nn.SyncBatchNorm)
    ]


def _shapes(network: nn.Module) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def _read_changed(
    shapes: dict[str, torch.Size], changed: dict[str, torch.Size], state: State
) -> int | None:
    """Return the checkpoint's size along the first axis in which two networks differ."""
    for name, shape in shapes.items():
        other = changed.get(name, shape)
        if name not in state or state[name].ndim != len(shape) or other == shape:
            continue
        axis = next(
            i for i, pair in enumerate(zip(shape, other, strict=True)) if len(set(pair)) > 1
        )
        return state[name].shape[axis] or None
    return None
