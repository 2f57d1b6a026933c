"""Replacing norm layers in a copy of a network."""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
from torch import nn

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms.local import LocalNorm2d

__all__ = ["Converted", "convert_batchnorm", "replace_modules"]


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


def convert_batchnorm(model: nn.Module, num_groups: int) -> Converted:
    """Return a copy whose BatchNorm2d layers are LocalNorm2d with the same gamma, beta and eps.

    Every group starts from the layer's own parameters: before training, each group on a set of
    images equals Dynamic BatchNorm on that set. BatchNorm1d after a Linear layer stays.

    Args:
        model: Not changed.
        num_groups: G, 1 or more.

    Raises:
        LayoutError: No BatchNorm2d, or a subclass of it that does more than normalise.
    """
    converted = copy.deepcopy(model)
    replacements: dict[str, nn.Module] = {}
    for name, layer in converted.named_modules():
        if not isinstance(layer, nn.BatchNorm2d | nn.SyncBatchNorm):
            continue
        if type(layer) not in (nn.BatchNorm2d, nn.SyncBatchNorm):
            raise LayoutError(
                f"'{name}' is a {type(layer).__name__}, which does more than normalise; "
                "LocalNorm would delete that. Build the network with plain BatchNorm2d"
            )
        replacements[name] = _local_from_batch(layer, num_groups)
    if not replacements:
        raise LayoutError("the network has no BatchNorm2d layer; there is nothing to convert")
    return Converted(replace_modules(converted, replacements), tuple(replacements))


def _local_from_batch(layer: nn.BatchNorm2d | nn.SyncBatchNorm, num_groups: int) -> LocalNorm2d:
    local = LocalNorm2d(layer.num_features, num_groups, eps=layer.eps)
    if layer.affine:
        with torch.no_grad():
            local.to(layer.weight)
            local.weight.copy_(layer.weight.expand(num_groups, -1))
            local.bias.copy_(layer.bias.expand(num_groups, -1))
    return local
