"""The same images twice give the same logits."""

from __future__ import annotations

from robustbench_ln.evaluation.checks.probe import Probe
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, passed, warning

__all__ = ["LARGEST_DIFFERENCE", "check_repeatability"]

NAME = "repeatability"

LARGEST_DIFFERENCE = 1e-4
"""Between two passes, as a share of the largest logit. Right networks: 0 on CPUs; dropout of one in
ten features moves logits by 0.1 and more."""


def check_repeatability(probe: Probe) -> CheckResult:
    """Warn of a network that draws, or remembers, in evaluation."""
    if not probe.is_finite:
        return not_applicable(NAME, "logits are not finite")
    difference = probe.difference(probe.again, probe.logits)
    if difference <= LARGEST_DIFFERENCE:
        return passed(NAME, "two passes give the same logits", difference=difference)
    return warning(
        NAME,
        f"the same images give other logits each time (by {difference:.0%} of the largest), so "
        "that every run gives other numbers: the network draws random numbers or changes its "
        "state in evaluation. Look for F.dropout without training=self.training, noise, or "
        "buffers that forward writes, and mend it in the network's code",
        difference=difference,
    )
