"""Names of tensors as a network has them, where a training script put something before them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

import torch

from robustbench_ln.errors import CheckpointError, by_skin, setting
from robustbench_ln.models.checkpoint import Checkpoint
from robustbench_ln.models.containers import State
from robustbench_ln.models.mismatch import is_counter
from robustbench_ln.models.numbered import name_numbered
from robustbench_ln.models.stored_input import is_stored_input

__all__ = ["without_prefix"]

_NO_LAYER = re.compile(
    r"(.*\.)?(total_ops|total_params|_extra_state|n_averaged|num_updates)"
    r"|(\w*(criterion|loss|metric|accuracy|auroc|f1_?score|confmat)\w*|\w*_acc\d?|acc\d?)(\.\w+)+",
    re.IGNORECASE,
)
"""Counters of profilers, losses with weights for classes, and states of metrics."""

_LEAST_ALIKE = 0.3
"""Share of tensors with the network's shapes. LocalNorm changes those of gamma and beta: 0.67."""

_SHOWN = 3


def without_prefix(
    checkpoint: Checkpoint, expected: Mapping[str, torch.Size], *, optional: Collection[str] = ()
) -> Checkpoint:
    """Take off what stands before the names of all of a network's tensors, and what is beside them.

    Args:
        checkpoint: Checkpoint as it was read.
        expected: Name in the network -> shape. Norm layers of another kind may have others, and
            lack running statistics.
        optional: Names among them that may be missing or be called otherwise: the head's.

    Returns:
        A checkpoint whose `beside` has the tensors that are not the network's, as far as they may
        be left; the same one where its names do not have one prefix.

    Raises:
        CheckpointError: Several sets of weights fit, and they differ.
    """
    required = {
        name: shape
        for name, shape in expected.items()
        if name not in optional and not _is_statistic(name)
    }
    state = checkpoint.state
    prefixes = _find_prefixes(state, required)
    if not prefixes:
        state = {name.replace(".module.", "."): tensor for name, tensor in state.items()}
        prefixes = _find_prefixes(state, required)
    notes = checkpoint.notes
    if not prefixes and (numbered := name_numbered(state, expected, required=required)):
        state, note = numbered
        prefixes, notes = _find_prefixes(state, required), (*notes, note)
    if not prefixes:
        return _without_no_layers(checkpoint, expected)
    _demand_one(checkpoint, state, prefixes, required)
    prefix = prefixes[0]
    outside = {
        name: tensor
        for name, tensor in state.items()
        if not name.startswith(prefix) or (not prefix and name.startswith(tuple(prefixes[1:])))
    }
    inside = {n.removeprefix(prefix): t for n, t in state.items() if n not in outside}
    if prefix:
        left = f"; not under it: {_list_names(outside)}" if outside else ""
        notes = (*notes, f"took the prefix '{prefix}' off the names{left}")
    adapted = replace(
        checkpoint,
        state=inside,
        prefix=checkpoint.prefix + prefix,
        beside={**checkpoint.beside, **outside},
        notes=notes,
    )
    return _without_no_layers(adapted, expected)


def _is_statistic(name: str) -> bool:
    return is_counter(name) or name.rpartition(".")[2].startswith("running_")


def _find_prefixes(state: State, required: Mapping[str, torch.Size]) -> list[str]:
    """Return what stands before every required name, the shortest first; [] if nothing does.

    Shapes may differ where the norm or the number of channels does, but not most of them.
    """
    if not required:
        return []
    anchor = max(required, key=len)
    prefixes = [
        name.removesuffix(anchor) for name in state if name == anchor or name.endswith(f".{anchor}")
    ]
    fitting = [p for p in prefixes if all(f"{p}{name}" in state for name in required)]
    alike = {
        p: sum(state[f"{p}{name}"].shape == shape for name, shape in required.items())
        for p in fitting
    }
    least = _LEAST_ALIKE * len(required)
    return sorted((p for p in fitting if alike[p] >= least), key=len)


def _demand_one(
    checkpoint: Checkpoint, state: State, prefixes: list[str], required: Collection[str]
) -> None:
    first, *others = prefixes
    for other in others:
        pairs = ((state[first + name], state[other + name]) for name in required)
        if all(a.shape == b.shape and torch.equal(a, b) for a, b in pairs):
            continue
        names = [p.rstrip(".") or "no prefix" for p in prefixes]
        choice = next(p for p in prefixes if p).rstrip(".")
        way = by_skin(
            command_line=f"choose one with {setting('key')} {choice!r}",
            python="load the one you want and give the network",
        )
        raise CheckpointError(
            f"{checkpoint.path}: holds {len(prefixes)} sets of weights under "
            f"{' and '.join(map(repr, names))}; {way}"
        )


def _without_no_layers(checkpoint: Checkpoint, expected: Collection[str]) -> Checkpoint:
    """Leave what is no layer of the network: losses, metrics, a normalisation of the input."""
    left = {
        name: tensor
        for name, tensor in checkpoint.state.items()
        if name not in expected and (_NO_LAYER.fullmatch(name) or is_stored_input(name, tensor))
    }
    if not left:
        return checkpoint
    kept = {name: t for name, t in checkpoint.state.items() if name not in left}
    return replace(
        checkpoint,
        state=kept,
        beside={**checkpoint.beside, **left},
        notes=(*checkpoint.notes, f"left {_list_names(left)}, no tensors of the network"),
    )


def _list_names(names: Collection[str]) -> str:
    shown = ", ".join(map(repr, list(names)[:_SHOWN]))
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
