"""Other statistics in a norm layer, whatever else its own forward does."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms.deviation import L1Norm2d, LInfNorm2d
from robustbench_ln.norms.ghost import GhostBatchNorm2d
from robustbench_ln.norms.moments import Moments, normalize_sets
from robustbench_ln.norms.noisy import NoisyBatchNorm2d
from robustbench_ln.norms.renorm import BatchRenorm2d
from robustbench_ln.norms.switch import SwitchNorm2d

__all__ = ["check_own_forward", "check_own_layer", "forward_with_moments", "own_forward"]

_PLAIN_FORWARDS = (
    nn.BatchNorm2d.forward,
    nn.SyncBatchNorm.forward,
    BatchRenorm2d.forward,
    GhostBatchNorm2d.forward,
    L1Norm2d.forward,
    LInfNorm2d.forward,
    NoisyBatchNorm2d.forward,
)
"""Whose eval forward is (x - mean) / sqrt(variance + eps) * weight + bias and nothing else."""

_LARGEST_DIFFERENCE = 1e-3
"""Of the check, relative to the layer's largest output: float32 rounds at 1e-6 of it."""


def own_forward(module: nn.Module, features: Tensor) -> Tensor:
    """Return what the layer's class makes of `features`."""
    output: Tensor = type(module).forward(module, features)
    return output


def forward_with_moments(module: nn.Module, features: Tensor, moments: Moments) -> Tensor:
    """Normalise with `moments`, then do whatever else the layer's own forward does.

    Of SwitchNorm they are the batch part; the other parts stay each image's own.
    """
    if isinstance(module, SwitchNorm2d):
        return module.forward_with_batch(features, moments)
    eps = float(module.eps)  # type: ignore[arg-type]
    if type(module).forward in _PLAIN_FORWARDS:
        weight, bias = module.weight, module.bias
        return normalize_sets(features, moments, weight=weight, bias=bias, eps=eps)  # type: ignore[arg-type]
    normalized = normalize_sets(features, moments, weight=None, bias=None, eps=eps)
    kept = module.running_mean, module.running_var
    mean = torch.zeros_like(moments.mean[0])
    try:
        # Running statistics that change nothing: (x - 0) / sqrt(1 - eps + eps).
        module.running_mean, module.running_var = mean, torch.full_like(mean, 1 - eps)
        return own_forward(module, normalized)
    finally:
        module.running_mean, module.running_var = kept


def check_own_layer(name: str, module: nn.Module) -> None:
    """Demand of a user's layer what `forward_with_moments` swaps.

    Raises:
        LayoutError: It has no running_mean, running_var (buffers) and eps.
    """
    buffers = dict(module.named_buffers(recurse=False))
    values = (buffers.get("running_mean"), buffers.get("running_var"), getattr(module, "eps", None))
    if any(value is None for value in values):
        raise LayoutError(
            f"'{name}' ({type(module).__name__}) cannot be dynamic; expected buffers running_mean "
            "and running_var, and eps, as in BatchNorm2d"
        )


def check_own_forward(name: str) -> Any:
    """Return a forward hook that tries the swap on a user's layer with its running statistics.

    They must give the layer's own output: a formula that differs from BatchNorm's would make wrong
    numbers silently.
    """

    def check(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        running = Moments(module.running_mean[None], module.running_var[None])  # type: ignore[index]
        swapped = forward_with_moments(module, inputs[0], running)
        difference = (swapped - output).abs().max()
        if not difference <= _LARGEST_DIFFERENCE * output.abs().max().clamp(min=1):
            raise LayoutError(
                f"'{name}' ({type(module).__name__}) cannot be dynamic: its eval forward is not "
                "(x - running_mean) / sqrt(running_var + eps) followed by something fixed; "
                f"outputs differ by {difference:.2g}"
            )

    return check
