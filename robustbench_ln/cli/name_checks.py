"""Unknown names among options, refused as they are parsed: before torch is imported, for seconds.

Nothing is decided here: names and messages are those of the requests that follow.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from robustbench_ln.cli.stored_lists import stored_names
from robustbench_ln.corruption_names import FAMILY_OF, SEVERITY_TABLE_NAMES
from robustbench_ln.files.image_kinds import find_kind
from robustbench_ln.lookup import unknown_name

__all__ = ["check_choice", "check_corruptions", "check_kind", "check_listed", "split_names"]

Callback = Callable[[str | None], str | None]


def check_listed(what: str, kind: str) -> Callback:
    """Return the callback of an option that takes names of a stored list, with commas.

    Args:
        what: The list.
        kind: What it holds, singular, as in the message.
    """

    def check(value: str | None) -> str | None:
        names = stored_names(what)
        for name in split_names(value or ""):
            _demand(name, names, kind, what)
        return value

    return check


def check_choice(kind: str, names: Collection[str]) -> Callback:
    """Return the callback of an option that takes one of a few names."""

    def check(value: str | None) -> str | None:
        if value is not None:
            _demand(value, names, kind)
        return value

    return check


def check_corruptions(value: str) -> str:
    """Demand common corruptions, or severity tables for all of them with it."""
    for name in split_names(value):
        if name not in SEVERITY_TABLE_NAMES:
            _demand(name, FAMILY_OF, "corruption", "corruptions")
    return value


def check_kind(name: str, kinds: Collection[str]) -> Callback:
    """Return the callback of an option that takes KIND:PATH.

    Args:
        name: Name of the setting.
        kinds: Kinds that it takes.
    """

    def check(value: str | None) -> str | None:
        if value is not None:
            find_kind(value, kinds, name=name)
        return value

    return check


def _demand(name: str, names: Collection[str], kind: str, listed: str = "") -> None:
    if name not in names:
        raise unknown_name(name, names, kind=kind, listed=listed)


def split_names(text: str) -> tuple[str, ...]:
    """Return the names of a comma-separated list, without empty ones."""
    return tuple(name for part in text.split(",") if (name := part.strip()))
