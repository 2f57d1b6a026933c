"""Comparing the tensors in a checkpoint with those of a network, name by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

__all__ = ["Mismatch", "compare_states", "is_counter"]

_SHOWN = 3


class Mismatch(NamedTuple):
    """Why a checkpoint does not fit a network; all empty where it does.

    Attributes:
        missing: Names that the network has and the checkpoint lacks.
        unexpected: Names that only the checkpoint has.
        different: One sentence for each tensor of another shape or kind.
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    different: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether everything fits."""
        return not any(self)

    def describe(self) -> str:
        """Return counts, and the first few of each kind."""
        parts = (
            (self.missing, "missing"),
            (self.unexpected, "unexpected"),
            (self.different, "different"),
        )
        return "; ".join(
            f"{len(items)} {word}: {_first(items)}" for items, word in parts if len(items)
        )


def compare_states(expected: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> Mismatch:
    """Compare names, shapes, and whether a tensor is floating.

    Args:
        expected: The network's own state dict; on any device, meta too.
        state: The checkpoint's. It may lack the batch counters, as before torch 0.4.1.
    """
    return Mismatch(
        missing=tuple(
            repr(name) for name in expected if name not in state and not is_counter(name)
        ),
        unexpected=tuple(repr(name) for name in state if name not in expected),
        different=tuple(
            _difference(name, state[name], tensor)
            for name, tensor in expected.items()
            if name in state and not _is_like(state[name], tensor)
        ),
    )


def is_counter(name: str) -> bool:
    """Whether a tensor counts the batches of a BatchNorm; no prediction depends on it."""
    return name.rpartition(".")[2] == "num_batches_tracked"


def _is_like(tensor: Tensor, expected: Tensor) -> bool:
    same_kind = tensor.is_floating_point() == expected.is_floating_point()
    return tensor.shape == expected.shape and same_kind


def _difference(name: str, tensor: Tensor, expected: Tensor) -> str:
    if tensor.shape != expected.shape:
        shapes = f"{list(tensor.shape)}, the network expects {list(expected.shape)}"
        return f"{name!r} has shape {shapes}"
    return f"{name!r} is {tensor.dtype}, the network expects {expected.dtype}"


def _first(items: Sequence[str]) -> str:
    return ", ".join(items[:_SHOWN]) + (", ..." if len(items) > _SHOWN else "")
