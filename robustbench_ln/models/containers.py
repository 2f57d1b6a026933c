"""Finding the one set of weights in what a training script saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor, nn

from robustbench_ln.errors import CheckpointError, by_skin, setting

__all__ = ["State", "Weights", "find_weights"]

State = dict[str, Tensor]

_PREFIXES = ("module.", "_orig_mod.")
"""Of DataParallel and its kin, and of torch.compile."""

_AVERAGED = "n_averaged"
"""The counter that torch's AveragedModel keeps beside the weights (EMA, SWA)."""


class Weights(NamedTuple):
    """A state dict, and how it lay in the file.

    Attributes:
        state: Without the prefix that all names shared.
        key: Of the container's entry; None where the file is the state dict itself.
        prefix: What was taken off all names, "" if nothing.
        metadata: The container's other numbers and texts: epoch, num_groups, ...
    """

    state: State
    key: str | None
    prefix: str
    metadata: dict[str, str | int | float]


def find_weights(saved: object, *, key: str | None, where: str) -> Weights:
    """Return the weights in a state dict, a container of state dicts, or a pickled network.

    Args:
        saved: What the file holds.
        key: The container's entry to take; None where there is no choice.
        where: The file, for messages.

    Raises:
        CheckpointError: No weights, several sets of weights and no `key`, or no such entry.
    """
    bare = _as_state(saved)
    if bare is not None:
        if key is not None:
            raise CheckpointError(
                f"{where}: a bare state dict, without entries; leave out {setting('key', key)}"
            )
        state, prefix = _strip_prefixes(bare)
        return Weights(state, None, prefix, {})
    if not isinstance(saved, Mapping):
        raise CheckpointError(
            f"{where}: holds a {type(saved).__name__}; expected a state dict, or a dict with one"
        )
    found = {str(name): entry for name, value in saved.items() if (entry := _as_state(value))}
    chosen = _choose_entry(found, [str(name) for name in saved], key=key, where=where)
    state, prefix = _strip_prefixes(found[chosen])
    metadata = {
        str(name): value for name, value in saved.items() if isinstance(value, str | int | float)
    }
    return Weights(state, chosen, prefix, metadata)


def _as_state(value: object) -> State | None:
    """Return a non-empty mapping of names to tensors as a dict, a network as its state dict."""
    if isinstance(value, nn.Module):
        value = value.state_dict()
    if not isinstance(value, Mapping) or not value:
        return None
    if all(isinstance(k, str) and isinstance(v, Tensor) for k, v in value.items()):
        return dict(value)
    return None


def _choose_entry(found: dict[str, State], names: list[str], *, key: str | None, where: str) -> str:
    if key is not None:
        if key in found:
            return key
        choices = ", ".join(map(repr, found)) or "none"
        raise CheckpointError(
            f"{where}: no weights under {setting('key', key)}; entries with weights: {choices}"
        )
    if len(found) > 1:
        choices = ", ".join(map(repr, found))
        way = by_skin(
            command_line=f"choose one with {setting('key')} {next(iter(found))!r}",
            python="load the one you want and give the network",
        )
        raise CheckpointError(f"{where}: holds {len(found)} sets of weights ({choices}); {way}")
    if not found:
        shown = ", ".join(map(repr, names[:8])) or "nothing"
        raise CheckpointError(f"{where}: no weights in it; its entries are {shown}")
    return next(iter(found))


def _strip_prefixes(state: State) -> tuple[State, str]:
    """Take the prefixes of wrappers off, as long as every name has one."""
    stripped = ""
    if any(name.startswith(_PREFIXES) for name in state):
        state = {name: tensor for name, tensor in state.items() if name != _AVERAGED}
    while prefix := next((p for p in _PREFIXES if all(n.startswith(p) for n in state)), ""):
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
        stripped += prefix
    return state, stripped
