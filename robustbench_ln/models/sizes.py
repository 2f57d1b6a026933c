"""Reading a network's free sizes off the shapes in a checkpoint.

Networks are compared on the meta device, where tensors have shapes and no values: building one
takes a tenth of a second.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.containers import State

__all__ = ["NetworkShapes", "Sizes", "build_shapes", "find_shapes"]


_MOST_UNFITTED = 2**16
"""Classes that a head is believed to have although its other axis fits not: a network is built for
the message, and must not take more memory than the file is large."""


class Sizes(NamedTuple):
    """The sizes with which a network is built."""

    num_classes: int
    in_channels: int


class NetworkShapes(NamedTuple):
    """The shapes of a network's tensors, and which of them its free sizes decide.

    Attributes:
        published: The sizes as published.
        plain: Name -> shape, in these sizes.
        more_classes: The same with one class more.
        more_channels: The same with one channel of the images more.
    """

    published: Sizes
    plain: dict[str, torch.Size]
    more_classes: dict[str, torch.Size]
    more_channels: dict[str, torch.Size]

    @property
    def head(self) -> list[str]:
        """Names of the tensors whose shapes the number of classes decides."""
        return [n for n, shape in self.plain.items() if self.more_classes.get(n, shape) != shape]

    def read_sizes(self, state: State) -> Sizes:
        """Return the sizes that a checkpoint's shapes tell; those published where they tell none.

        The head is whatever changes its shape when the network is built with one class more, the
        stem what does so with one channel more.
        """
        return Sizes(
            _read_changed(self.plain, self.more_classes, state) or self.published.num_classes,
            _read_changed(self.plain, self.more_channels, state) or self.published.in_channels,
        )


def find_shapes(architecture: Architecture) -> NetworkShapes:
    """Return the shapes of a network's tensors; it is built without values, three times."""
    published = Sizes(architecture.num_classes, architecture.in_channels)
    more_classes = published._replace(num_classes=published.num_classes + 1)
    more_channels = published._replace(in_channels=published.in_channels + 1)
    plain, classes, channels = (
        _shapes(build_shapes(architecture, sizes))
        for sizes in (published, more_classes, more_channels)
    )
    return NetworkShapes(published, plain, classes, channels)


def build_shapes(architecture: Architecture, sizes: Sizes) -> nn.Module:
    """Build a network without values."""
    try:
        with torch.device("meta"):
            return architecture.build(*sizes)
    except NotImplementedError:
        # Some networks compute with tensors while they are built (torchvision's regnets).
        return architecture.build(*sizes)


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
        size, rest = state[name].shape[axis], (*shape[:axis], *shape[axis + 1 :])
        has_rest = rest == (*state[name].shape[:axis], *state[name].shape[axis + 1 :])
        return size if size and (has_rest or size <= _MOST_UNFITTED) else None
    return None
