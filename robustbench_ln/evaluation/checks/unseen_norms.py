"""Norm layers with running statistics that no hook sees called: dynamic modes miss them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from robustbench_ln.evaluation.checks.probe import Probe, changed_tensors
from robustbench_ln.evaluation.checks.repeatability import LARGEST_DIFFERENCE
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, passed, warning

__all__ = ["check_unseen_norms"]

NAME = "unseen_norms"

SMALLEST_MOVE = 1e-3
"""Of logits, as a share of the largest, while statistics that matter are changed. Unused ones move
nothing at all; the first norm of a ResNet-20 moves them by 0.9."""

MOST_NAMED = 3

_NAMES = (
    ("running_mean", "running_var"),
    ("running_mean", "running_std"),
    ("moving_mean", "moving_var"),
    ("moving_mean", "moving_variance"),
)


def check_unseen_norms(probe: Probe) -> CheckResult:
    """Warn where the output depends on running statistics of layers that were not seen."""
    reached = {layer.name for layer in probe.layers if layer.positions is not None}
    modules = {
        name: module
        for name, module in probe.view.network.named_modules()
        if name not in reached and _statistics(module)
    }
    if not modules:
        return passed(NAME, "every layer with running statistics is called", unseen=0)
    if not probe.is_finite or probe.difference(probe.again, probe.logits) > LARGEST_DIFFERENCE:
        return not_applicable(NAME, "logits are not finite and repeatable")
    if _move(probe, list(modules.values())) <= SMALLEST_MOVE:
        return passed(NAME, "layers that are not called are not used", unseen=len(modules))
    used = [name for name, module in modules.items() if _move(probe, [module]) > SMALLEST_MOVE]
    return _warn(probe.view.network, used or list(modules), unseen=len(modules))


def _warn(network: nn.Module, used: Sequence[str], *, unseen: int) -> CheckResult:
    names = ", ".join(f"'{name}'" for name in used[:MOST_NAMED])
    more = f" and {len(used) - MOST_NAMED} more" if len(used) > MOST_NAMED else ""
    first = network.get_submodule(used[0])
    cure = (
        "call the layer itself: self.bn1(x), not F.batch_norm(x, self.bn1.running_mean, ...)"
        if isinstance(first, nn.modules.batchnorm._BatchNorm)
        else f"{type(first).__name__} is no known norm layer: call robustbench_ln.evaluate with "
        f"norm_classes=[{type(first).__name__}], or use BatchNorm2d"
    )
    return warning(
        NAME,
        f"the network uses the running statistics of {names}{more}, but not as a norm layer that "
        f"can be seen: dynamic modes keep them fixed. In the network, {cure}",
        used=len(used),
        unseen=unseen,
    )


def _statistics(module: nn.Module) -> list[Tensor]:
    """Return the running mean and variance of a module, by any usual name; [] where it has none."""
    for names in _NAMES:
        values = [getattr(module, name, None) for name in names]
        tensors = [value for value in values if isinstance(value, Tensor)]
        if len(tensors) == len(names):
            return tensors
    return []


def _move(probe: Probe, modules: Sequence[nn.Module]) -> float:
    tensors = [tensor for module in modules for tensor in _statistics(module)]
    return probe.difference_while(changed_tensors(tensors, lambda t: t.abs() * 4 + 1))
