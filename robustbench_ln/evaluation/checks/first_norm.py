"""Images on their way as far as the first norm layer: a small share of a forward pass."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from robustbench_ln.data.image_set import Pixels
from robustbench_ln.evaluation.checks.probe import Probe
from robustbench_ln.norms.moments import Moments, merge_rows, row_moments
from robustbench_ln.norms.their_code import forward_failed, their_code
from robustbench_ln.spec import Normalization

__all__ = ["FirstNorm", "find_first_norm"]


_BATCH = 32
"""Images at once where the rule of the spec is meant: they go through a few layers alone."""


class FirstNorm(NamedTuple):
    """The first norm layer that is called.

    Attributes:
        name: Name of the layer.
        images: Mean and variance, each [C], of what it is given.
    """

    name: str
    images: Moments


def find_first_norm(probe: Probe, pixels: Pixels, normalization: Normalization) -> FirstNorm | None:
    """Run images as far as the first norm layer; None where it has no running statistics."""
    network = probe.view.network
    reached = [layer for layer in probe.layers if layer.positions is not None]
    hooks = [
        network.get_submodule(layer.name).register_forward_pre_hook(partial(_stop, layer.name))
        for layer in reached
    ]
    size = probe.spec.device_batch or _BATCH
    try:
        found = [
            _reach(network, probe.normalize(pixels[start : start + size], normalization))
            for start in range(0, len(pixels), size)
        ]
    finally:
        for hook in hooks:
            hook.remove()
    name = found[0].name
    if not next(layer for layer in reached if layer.name == name).has_running:
        return None
    parts = [row_moments(part.features) for part in found]
    rows = Moments(torch.cat([p.mean for p in parts]), torch.cat([p.variance for p in parts]))
    merged = merge_rows(rows, len(pixels))
    return FirstNorm(name, Moments(merged.mean[0].cpu(), merged.variance[0].cpu()))


class _ReachedError(Exception):
    """Ends a forward pass at the first norm layer."""

    def __init__(self, name: str, features: Tensor) -> None:
        super().__init__(name)
        self.name = name
        self.features = features


def _stop(name: str, module: nn.Module, inputs: tuple[Any, ...]) -> None:
    del module
    raise _ReachedError(name, inputs[0])


def _reach(network: nn.Module, images: Tensor) -> _ReachedError:
    with torch.inference_mode(), their_code(forward_failed(images)):
        try:
            network(images)
        except _ReachedError as reached:
            return reached
    raise AssertionError("a layer that was reached once is reached again")
