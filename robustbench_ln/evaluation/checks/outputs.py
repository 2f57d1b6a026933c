"""What the network returns: logits, or probabilities."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from robustbench_ln.evaluation.checks.probe import Probe
from robustbench_ln.evaluation.checks.result import (
    CheckResult,
    not_applicable,
    note,
    passed,
    warning,
)

__all__ = ["Outputs", "as_logits", "check_outputs", "find_outputs"]

NAME = "outputs"

Outputs = Literal["logits", "probabilities"]

LARGEST_EXCESS = {False: 1e-3, True: 3e-2}
"""How far sums of probabilities may be from 1: in float32, and in bfloat16 or TF32. Softmax in
float32 is within 1e-6; sums of logits of the networks that we tried are off by 0.5 and more."""


def find_outputs(probe: Probe) -> Outputs:
    """Return what the rows are: probabilities lie in 0..1 and sum to 1 in every row."""
    sums = probe.logits.sum(dim=-1)
    is_unit = _is_nonnegative(probe) and bool(((sums - 1).abs() <= _excess(probe)).all())
    return "probabilities" if is_unit and probe.logits.shape[-1] > 1 else "logits"


def as_logits(outputs: Tensor) -> Tensor:
    """Return the logarithm of probabilities, those below the smallest float32 clamped to it."""
    return outputs.float().clamp_min(torch.finfo(torch.float32).tiny).log()


def check_outputs(probe: Probe) -> CheckResult:
    """Say that probabilities are taken as such; warn of other outputs that are no logits."""
    if not probe.is_finite or probe.logits.shape[-1] < 2:
        return not_applicable(NAME, "logits are not finite, or of one class")
    low, high = float(probe.logits.min()), float(probe.logits.max())
    numbers = {"smallest": low, "largest": high}
    if find_outputs(probe) == "probabilities":
        return note(
            NAME,
            "the network returns probabilities (rows in 0..1 that sum to 1), and their logarithm "
            "is used as logits. Return logits, without softmax, to have none of them clamped",
            **numbers,
        )
    sums = probe.logits.sum(dim=-1)
    is_constant = bool((sums - sums.mean()).abs().max() <= _excess(probe) * sums.mean().abs())
    if _is_nonnegative(probe) and high > 0 and (high <= 1 or is_constant):
        what = f"rows that sum to {float(sums.mean()):.3g}" if is_constant else "values in 0..1"
        return warning(
            NAME,
            f"the network returns {what}, which are no logits: likelihoods (nll), calibration "
            "(ece) and bn's probabilities are wrong. Return what goes into its last sigmoid or "
            "softmax",
            **numbers,
        )
    return passed(NAME, "the network returns logits", **numbers)


def _is_nonnegative(probe: Probe) -> bool:
    return bool((probe.logits >= 0).all())


def _excess(probe: Probe) -> float:
    return LARGEST_EXCESS[probe.spec.amp is not None or probe.spec.uses_tf32]
