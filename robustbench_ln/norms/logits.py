"""The logits in whatever a network returns: a tensor, a dict, a tuple, a dataclass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from torch import Tensor

from robustbench_ln.errors import LayoutError

__all__ = ["describe_output", "take_logits"]

_NAME = "logits"
_MOST_DEPTH = 8
_SHOWN = 6


def take_logits(output: Any, num_images: int, *, is_only_head: bool = False) -> Tensor:
    """Return what a network says of `num_images` images.

    A tensor is returned as it is. Of a dict, a tuple, a list, a dataclass or anything with an
    attribute `logits` it is the one tensor that is called "logits", else the one tensor [N, K].

    Args:
        output: What the network's forward returns.
        num_images: N.
        is_only_head: Whether to refuse a second tensor of the same shape, as of an auxiliary head.

    Raises:
        LayoutError: No tensor [N, K], or several; the message names them.
    """
    if isinstance(output, Tensor):
        return output
    found = _find_logits(output, num_images)
    named = {name: found[name] for name in found if name.rpartition(".")[2] == _NAME}
    chosen = named if len(named) == 1 else found
    logits = next(iter(chosen.values()), None)
    num_alike = sum(logits is not None and t.shape == logits.shape for t in found.values())
    if logits is None or len(chosen) > 1 or (is_only_head and num_alike > 1):
        raise LayoutError(
            f"the network returns {describe_output(output)}; expected logits [N, classes] alone, "
            "one such tensor, or one called 'logits'"
        )
    return logits


def describe_output(output: Any) -> str:
    """Return what an output is: a shape, or a class with the names and shapes of its tensors."""
    if isinstance(output, Tensor):
        return str(list(output.shape))
    parts = [f"{name!r} {list(tensor.shape)}" for name, tensor in _walk(output)]
    more = f" and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    of = f" of {', '.join(parts[:_SHOWN])}{more}" if parts else ""
    return f"{type(output).__name__}{of}"


def _find_logits(output: Any, num_images: int) -> dict[str, Tensor]:
    """Return every floating tensor [N, K] in an output, by its name: "logits", "0", "head.0"."""
    return {
        name: tensor
        for name, tensor in _walk(output)
        if tensor.ndim == 2 and len(tensor) == num_images and tensor.is_floating_point()
    }


def _walk(output: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Tensor]]:
    if isinstance(output, Tensor):
        yield name, output
    elif depth < _MOST_DEPTH:
        for key, value in _parts(output):
            yield from _walk(value, f"{name}.{key}" if name else key, depth + 1)


def _parts(output: Any) -> Iterator[tuple[str, Any]]:
    """Yield the named parts of a container; nothing of anything else."""
    if isinstance(output, Mapping):
        yield from ((str(key)[:60], value) for key, value in output.items())
    elif isinstance(output, tuple | list):
        names = getattr(output, "_fields", None) or map(str, range(len(output)))
        yield from zip(names, output, strict=True)
    elif is_dataclass(output):
        yield from ((field.name, getattr(output, field.name)) for field in fields(output))
    elif hasattr(output, _NAME):
        yield _NAME, output.logits
