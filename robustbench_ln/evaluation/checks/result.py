"""How a check says what it found."""

from __future__ import annotations

import math

from robustbench_ln.errors import Message
from robustbench_ln.runs.check_results import MOST_LETTERS, CheckResult
from robustbench_ln.runs.description import writable

__all__ = ["CheckResult", "not_applicable", "note", "passed", "warning"]


def passed(name: str, message: str, **numbers: float) -> CheckResult:
    """Return the result of a check that found nothing wrong."""
    return _result(name, "passed", message, numbers)


def warning(name: str, message: str, **numbers: float) -> CheckResult:
    """Return the result of a check by which the numbers are probably wrong."""
    return _result(name, "warning", message, numbers)


def note(name: str, message: str, **numbers: float) -> CheckResult:
    """Return the result of a check by which the numbers may be wrong."""
    return _result(name, "note", message, numbers)


def not_applicable(name: str, why: str) -> CheckResult:
    """Return the result of a check that has nothing to look at."""
    return _result(name, "not applicable", why, {})


def _result(name: str, status: str, message: str, numbers: dict[str, float]) -> CheckResult:
    """Return a result that run.json can hold: one line, finite numbers."""
    return CheckResult(
        name=name,
        status=status,
        message=Message(writable(" ".join(message.split()))[:MOST_LETTERS]),
        numbers={key: value for key, value in numbers.items() if math.isfinite(value)},
    )
