"""`ln-bench evaluate --dry-run`: what the evaluation would take, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.texts.console import say

if TYPE_CHECKING:
    from robustbench_ln.evaluation.estimate import Estimate
    from robustbench_ln.evaluation.request import EvaluationRequest

__all__ = ["describe_estimate", "show_estimate"]

_PREFIXES = ("", "k", "M", "G", "T", "P", "E")


def show_estimate(request: EvaluationRequest, out: Path) -> None:
    """Print what the request would take on this machine."""
    from robustbench_ln.evaluation.estimate import estimate_request

    with open_display(spell) as display:
        estimate = estimate_request(request, out=out, progress=display)
    say(describe_estimate(estimate))


def describe_estimate(estimate: Estimate) -> str:
    """Return the lines of an estimate."""
    there = f", {estimate.done:,} more are there already" if estimate.done else ""
    rows = {
        "cells": f"{estimate.cells:,}, of {estimate.conditions:,} conditions x "
        f"{estimate.images:,} images{there}",
        "forward passes": f"{estimate.forward_passes:,} images",
        "operations": _scaled(estimate.operations, "FLOP"),
        "memory, peak": _scaled(estimate.memory_bytes, "B"),
        "disk": f"{_scaled(estimate.disk_bytes, 'B')}, without the report",
    }
    for count, seconds in estimate.seconds.items():
        mark = " (as this run)" if count == estimate.workers and len(estimate.seconds) > 1 else ""
        rows[f"time, {count} worker{'s' * (count > 1)}"] = f"{_duration(seconds)}{mark}"
    lines = [f"{name:<18}{value}" for name, value in rows.items()]
    return "\n".join([*lines, "Measured on a few images just now; what else runs here changes it."])


def _scaled(number: float, unit: str) -> str:
    """Return a number in thousands.

    >>> _scaled(4_100_000_000, "FLOP"), _scaled(999, "B"), _scaled(0, "B")
    ('4.1 GFLOP', '999 B', '0 B')
    """
    power = 0
    while number >= 999.5 and power < len(_PREFIXES) - 1:
        number, power = number / 1000, power + 1
    digits = 1 if power and number < 99.5 else 0
    return f"{number:.{digits}f} {_PREFIXES[power]}{unit}"


def _duration(seconds: float) -> str:
    """Return a time in the two largest units.

    >>> _duration(0.2), _duration(75), _duration(7 * 3600 + 600), _duration(200_000)
    ('1 s', '1 min 15 s', '7 h 10 min', '2 d 7 h')
    """
    whole = max(1, round(seconds))
    for unit, below, size, small in (
        ("d", "h", 86_400, 3_600), ("h", "min", 3_600, 60), ("min", "s", 60, 1),
    ):  # fmt: skip
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // small} {below}"
    return f"{whole} s"
