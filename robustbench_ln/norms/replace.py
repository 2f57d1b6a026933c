"""Replacing layers in a copy of a network."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

__all__ = ["Converted", "replace_modules"]


class Converted(NamedTuple):
    """A copy of a network, and the names of the layers that were replaced in it."""

    model: nn.Module
    replaced: tuple[str, ...]


def replace_modules(model: nn.Module, replacements: dict[str, nn.Module]) -> nn.Module:
    """Put modules in place of those with the given names, in `model` itself; return the root.

    Args:
        model: A network that belongs to the caller.
        replacements: Name as in named_modules() -> module; "" is the root.
    """
    for name, module in replacements.items():
        if name == "":
            return module
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, module)
    return model
