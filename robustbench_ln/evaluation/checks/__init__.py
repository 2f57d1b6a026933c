"""Checks of network, images and clean accuracy, so that no wrong number goes without a word."""

from robustbench_ln.evaluation.checks.outputs import as_logits, find_outputs
from robustbench_ln.evaluation.checks.probe import Probe, make_probe, sample_pixels
from robustbench_ln.evaluation.checks.result import CheckResult
from robustbench_ln.evaluation.checks.run_checks import RunChecks, check_probe, tell

__all__ = [
    "CheckResult",
    "Probe",
    "RunChecks",
    "as_logits",
    "check_probe",
    "find_outputs",
    "make_probe",
    "sample_pixels",
    "tell",
]
