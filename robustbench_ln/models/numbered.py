"""Names of `nn.Sequential(*network.children())`: its parts have numbers, in the network's order."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

import torch

from robustbench_ln.models.containers import State

__all__ = ["name_numbered"]

_NUMBER = re.compile(r"(?:^|(?<=\.))\d+\.")

Part = dict[str, torch.Size]
"""What a part's tensors are called below it -> shape."""


def name_numbered(
    state: State, expected: Mapping[str, torch.Size], *, required: Collection[str]
) -> tuple[State, str] | None:
    """Return weights under the network's names where they have the numbers of its parts.

    Each part must have all tensors that the network's part of that place has, and no other, in
    its shapes; so there is one way or none. A part that may be missing, the head, may be another.

    Args:
        state: The weights; what stands before the numbers stays, and so do other tensors.
        expected: Name in the network -> shape, in the network's order.
        required: Names among them that must be there. Norm layers may have other shapes.

    Returns: The weights, and what was found to be what; None where the names are others.
    """
    own = _by_part(expected.items())
    must = set(required)
    for before in sorted(_before_numbers(state), key=len):
        start = len(before)
        inside = [(n[start:], t.shape) for n, t in state.items() if n.startswith(before)]
        theirs = {part: names for part, names in _by_part(inside).items() if part.isdecimal()}
        pairs = _pair(own, {part: theirs[part] for part in sorted(theirs, key=int)}, must)
        if pairs:
            found = {f"{before}{number}.": f"{before}{part}." for number, part in pairs.items()}
            named = {_renamed(name, found, before): tensor for name, tensor in state.items()}
            shown = ", ".join(f"'{a}' for '{b}'" for a, b in [*found.items()][:3])
            return named, f"took the parts of the network by their order: {shown}, ..."
    return None


def _before_numbers(state: State) -> set[str]:
    """Return what stands before a number in a name."""
    return {name[: found.start()] for name in state for found in _NUMBER.finditer(name)}


def _by_part(names: Iterable[tuple[str, torch.Size]]) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    for name, shape in names:
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = shape
    return parts


def _pair(
    own: Mapping[str, Part], theirs: Mapping[str, Part], must: Collection[str]
) -> dict[str, str] | None:
    """Return number -> part of the network; None where a part that must be there is not next."""
    numbers = iter(theirs)
    number = next(numbers, None)
    pairs: dict[str, str] = {}
    for part, shapes in own.items():
        needed = {rest for rest in shapes if f"{part}.{rest}" in must}
        if number is not None and _is_same(shapes, theirs[number], needed):
            pairs[number] = part
            number = next(numbers, None)
        elif needed:
            return None
    return pairs


def _is_same(shapes: Part, found: Part, needed: set[str]) -> bool:
    """Whether tensors are those of a part: all that it needs, in its shapes but for norms."""
    return (needed or set(shapes)) <= set(found) <= set(shapes) and all(
        found[rest] == shape for rest, shape in shapes.items() if len(shape) > 1
    )


def _renamed(name: str, found: Mapping[str, str], before: str) -> str:
    start = name[: name.find(".", len(before)) + 1]
    return found[start] + name[len(start) :] if start in found else name
