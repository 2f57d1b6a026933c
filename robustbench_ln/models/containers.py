"""Finding the one set of weights in what a training script saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

from robustbench_ln.errors import CheckpointError, by_skin, setting
from robustbench_ln.models.formats import describe_foreign
from robustbench_ln.models.inert_pickle import Inert

__all__ = ["State", "Weights", "find_weights"]

State = dict[str, Tensor]

_PREFIXES = ("module.", "_orig_mod.")
"""Of DataParallel and its kin, and of torch.compile."""

_WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""Parts of names that stand for no module of the network, wherever they are."""

_AVERAGED = "n_averaged"
"""The counter that torch's AveragedModel keeps beside the weights (EMA, SWA)."""

_NO_WEIGHTS = ("optim", "sched", "scaler", "callbacks", "loops", "rng")
"""What the entries are called whose tensors are no weights: Adam's moments, loss scales."""

_DEEPEST = 3


class Weights(NamedTuple):
    """A state dict, and how it lay in the file.

    Attributes:
        state: Without the prefix that all names shared.
        key: Key of the container's entry, as "model.state_dict" where it lies deeper; None
            where the file is the state dict itself.
        prefix: What was taken off all names, "" if nothing.
        metadata: Numbers and texts of the containers: epoch, num_groups, ...
        beside: Tensors and short lists of numbers that are no weights, by name.
    """

    state: State
    key: str | None
    prefix: str
    metadata: dict[str, str | int | float]
    beside: dict[str, object]


def find_weights(
    saved: object, *, key: str | None, where: str, foreign: tuple[str, ...] = ()
) -> Weights:
    """Return the weights in a state dict, a container of state dicts, or a network.

    Args:
        saved: What the file holds.
        key: The entry to take, as "model" or "model.state_dict", or the first part of the names of
            its tensors; None where there is no choice.
        where: The file, for messages.
        foreign: Names of the classes of what is inert in it.

    Raises:
        CheckpointError: No weights, several sets of weights and no `key`, or no such entry.
    """
    found = dict(_find_states(saved))
    if not found:
        raise CheckpointError(
            describe_foreign(where, foreign) if foreign else _no_weights(saved, where)
        )
    path, part = _choose(found, key=key, where=where)
    whole = found[path]
    if any(name.startswith(_PREFIXES) for name in whole):
        whole = {name: tensor for name, tensor in whole.items() if name != _AVERAGED}
    beside = {name: tensor for name, tensor in whole.items() if not name.startswith(part)}
    state, prefix = _strip_prefixes(
        {name.removeprefix(part): t for name, t in whole.items() if name not in beside}
    )
    return Weights(
        state=state,
        key=".".join(path) if path else None,
        prefix=part + prefix,
        metadata=_metadata(saved, path),
        beside=beside | dict(_find_numbers(saved, path)),
    )


def _no_weights(saved: object, where: str) -> str:
    if not isinstance(saved, Mapping):
        return f"{where}: holds a {type(saved).__name__}; expected a state dict, or a dict with one"
    shown = ", ".join(repr(str(name)) for name in list(saved)[:8]) or "nothing"
    return f"{where}: no weights in it; its entries are {shown}"


def _find_states(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[Any, State]]:
    """Yield every set of weights with the way to it."""
    if isinstance(value, nn.Module):
        value = value.state_dict()
    if not isinstance(value, Mapping):
        return
    tensors = {k: v for k, v in value.items() if isinstance(k, str) and isinstance(v, Tensor)}
    within = []
    if len(tensors) < len(value) and len(path) < _DEEPEST:
        for name, entry in value.items():
            if isinstance(name, str) and not name.lower().startswith(_NO_WEIGHTS):
                within += list(_find_states(entry, (*path, name)))
    if len(within) > 1:  # means and other tables are no weights where there are such
        within = [each for each in within if _has_weights(each[1])] or within
    is_state = len(tensors) == len(value) or (not within and _has_weights(tensors))
    if tensors and is_state:
        yield path, tensors
    yield from within


def _has_weights(state: State) -> bool:
    return any("weight" in name.rpartition(".")[2] for name in state)


def _choose(
    found: Mapping[tuple[str, ...], State], *, key: str | None, where: str
) -> tuple[tuple[str, ...], str]:
    """Return the way to a set of weights, and what the names begin with that are meant."""
    if key is None:
        if len(found) > 1:
            raise CheckpointError(f"{where}: {_several([*found])}")
        return next(iter(found)), ""
    names = {".".join(path): path for path in found}
    below = [path for name, path in names.items() if name == key or name.startswith(f"{key}.")]
    if key in names or len(below) == 1:
        return names.get(key, below[0]), ""
    for name, path in names.items():
        part = key.removeprefix(f"{name}.") + "."
        is_meant = len(names) == 1 or key.startswith(f"{name}.")
        if is_meant and any(tensor.startswith(part) for tensor in found[path]):
            return path, part
    if () in found:
        raise CheckpointError(
            f"{where}: a bare state dict, without entries; leave out {setting('key', key)}"
        )
    choices = ", ".join(map(repr, names)) or "none"
    raise CheckpointError(
        f"{where}: no weights under {setting('key', key)}; entries with weights: {choices}"
    )


def _several(paths: list[tuple[str, ...]]) -> str:
    names = [".".join(path) for path in paths]
    way = by_skin(
        command_line=f"choose one with {setting('key')} {names[0]!r}",
        python="load the one you want and give the network",
    )
    return f"holds {len(names)} sets of weights ({', '.join(map(repr, names))}); {way}"


def _levels(saved: object, path: tuple[str, ...]) -> Iterator[Mapping[Any, Any]]:
    """Yield the containers on the way to the weights, the outermost first, and the weights."""
    for name in (*path, None):
        if isinstance(saved, Mapping):
            yield saved
            saved = saved.get(name)


def _metadata(saved: object, path: tuple[str, ...]) -> dict[str, str | int | float]:
    return {
        str(name): value
        for level in _levels(saved, path)
        for name, value in level.items()
        if isinstance(value, str | int | float)
    }


def _find_numbers(saved: object, path: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    """Yield tensors, and lists of one or three numbers, in the containers and one level below."""
    for level, chosen in zip(_levels(saved, path), path, strict=False):
        for name, entry in level.items():
            if name == chosen:
                continue
            is_table = isinstance(entry, Mapping) and not isinstance(entry, Inert)
            inner = entry.items() if is_table else ()
            for label, value in ((name, entry), *((f"{name}.{key}", v) for key, v in inner)):
                if _is_short(value):
                    yield str(label), value


def _is_short(value: object) -> bool:
    """Whether it could be a mean or a standard deviation of each channel."""
    if isinstance(value, Tensor):
        return value.numel() in (1, 3)
    is_list = isinstance(value, list | tuple) and len(value) in (1, 3)
    return is_list and all(isinstance(v, int | float) for v in value)  # type: ignore[attr-defined]


def _strip_prefixes(state: State) -> tuple[State, str]:
    """Take the prefixes of wrappers off, as long as every name has one."""
    stripped = ""
    while prefix := next((p for p in _PREFIXES if all(n.startswith(p) for n in state)), ""):
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
        stripped += prefix
    return {_unwrap(name): tensor for name, tensor in state.items()}, stripped


def _unwrap(name: str) -> str:
    for wrapper in _WRAPPERS:
        name = name.replace(wrapper, "")
    return name
