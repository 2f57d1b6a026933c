"""What one check of a run said, as run.json keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from robustbench_ln.errors import Message
from robustbench_ln.files.rules import Numbers, Text
from robustbench_ln.files.schema import check_fields

__all__ = ["MOST_LETTERS", "CheckResult"]

MOST_LETTERS = 2000
"""Of a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The outcome of one check.

    Attributes:
        name: Name of the check, as in docs/checks.md.
        status: Outcome: with a warning the numbers are probably wrong, with a note they may be; a
            check that has nothing to look at is not applicable.
        message: What was seen, the likely reason, and the setting that mends it.
        numbers: What was measured.
    """

    name: Annotated[str, Text(pattern=r"[a-z_]{1,60}", like="a name in small letters")]
    status: Annotated[str, Text(choices=("passed", "note", "warning", "not applicable"))]
    message: Annotated[str, Text(longest=MOST_LETTERS)]
    numbers: Annotated[dict[str, float], Numbers()] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every field."""
        check_fields(self)

    @property
    def line(self) -> str | None:
        """The line that a person reads at once; None where there is nothing to say."""
        if self.status in ("warning", "note"):
            return Message(f"{self.status.capitalize()}: {Message(self.message).marked}")
        return None
