"""What one check says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["CheckResult", "Numbers", "Status", "not_applicable", "note", "passed", "warning"]

Status = Literal["passed", "warning", "note", "not applicable"]

Numbers = Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The outcome of one check.

    Attributes:
        name: Of the check, as in docs/checks.md and run.json.
        status: "warning": the numbers are probably wrong, and strict runs stop. "note": they may
            be. "not applicable": the check has nothing to look at.
        message: What was seen, the likely reason, and the setting that mends it.
        numbers: What was measured.
    """

    name: str
    status: Status
    message: str
    numbers: Numbers = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the entry of run.json."""
        return asdict(self)

    @property
    def line(self) -> str | None:
        """The line for stderr; None where there is nothing to say."""
        if self.status in ("warning", "note"):
            return f"{self.status.capitalize()}: {self.message}"
        return None


def passed(name: str, message: str, **numbers: float | int | str) -> CheckResult:
    """Return the result of a check that found nothing wrong."""
    return CheckResult(name=name, status="passed", message=message, numbers=numbers)


def warning(name: str, message: str, **numbers: float | int | str) -> CheckResult:
    """Return the result of a check by which the numbers are probably wrong."""
    return CheckResult(name=name, status="warning", message=message, numbers=numbers)


def note(name: str, message: str, **numbers: float | int | str) -> CheckResult:
    """Return the result of a check by which the numbers may be wrong."""
    return CheckResult(name=name, status="note", message=message, numbers=numbers)


def not_applicable(name: str, why: str) -> CheckResult:
    """Return the result of a check that has nothing to look at."""
    return CheckResult(name=name, status="not applicable", message=why)
