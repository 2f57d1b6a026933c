"""The one look-up by name: a wrong name is answered with the nearest right one."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import TypeVar

from robustbench_ln.errors import SpecError, listing

__all__ = ["find_entry", "find_near", "unknown_name"]

Entry = TypeVar("Entry")


def find_entry(table: Mapping[str, Entry], name: str, *, kind: str, listed: str = "") -> Entry:
    """Return `table[name]`.

    Args:
        table: The registry.
        name: What the user wrote.
        kind: What the table holds, singular, as in the message: "corruption".
        listed: What `ln-bench list` calls the table: "corruptions".

    Raises:
        SpecError: No such name; the message suggests the nearest, or lists the choices.
    """
    if name not in table:
        raise unknown_name(name, table, kind=kind, listed=listed)
    return table[name]


def unknown_name(name: str, choices: Collection[str], *, kind: str, listed: str = "") -> SpecError:
    """Return the error for a name that is not one of `choices`.

    >>> print(unknown_name("gausian_noise", ["gaussian_noise", "fog"], kind="corruption"))
    unknown corruption 'gausian_noise'; did you mean 'gaussian_noise'?
    """
    near = find_near(name, choices)
    hint = f"did you mean '{near}'?" if near else f"choose from {', '.join(choices)}"
    return SpecError(f"unknown {kind} '{name}'; {hint}{listing(listed) if listed else ''}")


def find_near(name: str, choices: Collection[str], *, cutoff: float = 0.6) -> str | None:
    """Return the choice that a wrong name is nearest to; None where none is near.

    >>> find_near("Gausian-Noise", ["gaussian_noise", "fog"])
    'gaussian_noise'
    """
    near = difflib.get_close_matches(name.lower(), choices, n=1, cutoff=cutoff)
    if not near:
        spelled = name.lower().replace("-", "_").replace(" ", "_")
        near = difflib.get_close_matches(spelled, choices, n=1, cutoff=cutoff)
    return near[0] if near else None
