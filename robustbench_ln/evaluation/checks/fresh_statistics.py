"""Norm layers whose running statistics are still those of a new network."""

from __future__ import annotations

from torch import Tensor, nn

from robustbench_ln.errors import setting
from robustbench_ln.evaluation.checks.probe import Probe
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, passed, warning

__all__ = ["FEWEST_BATCHES", "check_fresh_statistics", "count_batches", "is_fresh", "is_settled"]

NAME = "fresh_statistics"

SMALLEST_SETTLED = 0.9
"""Share of running statistics that comes from training: 1 - (1 - momentum)^batches."""

FEWEST_BATCHES = 200
"""Of a training that may be judged. After 100 batches of 16 a ResNet-18 had 20 % of CIFAR-10, at a
confidence of 0.5 to 0.8."""


def check_fresh_statistics(probe: Probe) -> CheckResult:
    """Warn of reached layers whose running mean is all 0 and variance all 1."""
    if not probe.reads_running:
        return not_applicable(NAME, "no mode uses running statistics")
    running = [layer for layer in probe.layers if layer.has_running and layer.positions is not None]
    if not running:
        return not_applicable(NAME, "no norm layer has running statistics")
    model = probe.subject.model
    fresh = [layer.name for layer in running if is_fresh(model.get_submodule(layer.name))]
    numbers = {"fresh": len(fresh), "layers": len(running)}
    if not fresh:
        return passed(NAME, "running statistics are not those of a new network", **numbers)
    return warning(
        NAME,
        f"{len(fresh)} of {len(running)} norm layers have the running statistics of a new network, "
        f"all 0 and 1 ('{fresh[0]}'{' ...' if len(fresh) > 1 else ''}), so that 'bn' and 'plain' "
        "are wrong: the checkpoint was saved before training, or without them. Give the trained "
        f"one, or measure with {setting('modes', 'dbn-batch')}",
        **numbers,
    )


def is_fresh(module: nn.Module) -> bool:
    """Whether a layer's running mean is all 0 and its running variance all 1."""
    mean, variance = module.running_mean, module.running_var
    return bool((mean == 0).all() and (variance == 1).all())  # type: ignore[union-attr]


def is_settled(module: nn.Module) -> bool:
    """Whether a layer's running statistics come from its training, as far as it was counted.

    After a few batches they are still a mix with the 0 and 1 of a new network.
    """
    batches = count_batches(module)
    momentum = getattr(module, "momentum", None)
    if batches == 0 or momentum is None:
        return True
    return bool(1 - (1 - float(momentum)) ** batches >= SMALLEST_SETTLED)


def count_batches(module: nn.Module) -> int:
    """Return the batches of its training that a layer counted; 0 where it does not count."""
    counters = (getattr(module, name, None) for name in ("num_batches_tracked", "num_steps"))
    return next((int(c) for c in counters if isinstance(c, Tensor)), 0)
