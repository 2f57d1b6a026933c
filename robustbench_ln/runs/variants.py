"""What to call the results of one mode in one run: its options are named only where they differ.

That not all of the network's classes are scored is always said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from robustbench_ln.lookup import unknown_name
from robustbench_ln.modes import MODES
from robustbench_ln.runs.cells import ModeOptions
from robustbench_ln.runs.records import Record

__all__ = ["Naming", "check_naming", "mode_title", "name_variants", "without_options"]

Naming = Literal["papers", "ids"]
"""Whether people read the papers' names of modes, or those of --modes."""


def check_naming(names: str) -> Naming:
    """Return a value of `Naming`.

    Raises:
        SpecError: It is none.
    """
    for known in get_args(Naming):
        if names == known:
            return known  # type: ignore[no-any-return]
    raise unknown_name(names, get_args(Naming), kind="kind of names")


def mode_title(variant: str, names: Naming = "papers") -> str:
    """Return what people read for a name of `name_variants`.

    >>> mode_title("dbn-batch (sets of 128)"), mode_title("ln-voting", "ids")
    ('Dynamic BN-Batch (sets of 128)', 'ln-voting')
    """
    mode, gap, options = variant.partition(" ")
    return f"{MODES[mode].title}{gap}{options}" if names == "papers" else variant


def without_options(title: str) -> str:
    """Return what people read for a mode, without the options that tell it from others.

    >>> without_options(mode_title("dbn-batch (sets of 128)"))
    'Dynamic BN-Batch'
    """
    return title.partition(" (")[0]


def name_variants(records: Sequence[Record]) -> dict[ModeOptions, str]:
    """Return what to call each mode of a run, in the order of its rows."""
    used = dict.fromkeys(record.options for record in records)
    names = {}
    for chosen in used:
        same = [options for options in used if options.mode == chosen.mode]
        words = ("sets of", "prior", "ties", "in", "outputs as")
        values = zip(range(1, 6), words, chosen[1:6], strict=True)
        parts = [
            f"{word} {value}"
            for position, word, value in values
            if len({options[position] for options in same}) > 1
        ]
        parts += ["sliding"] if chosen.sharing == "sliding" else []
        parts += _name_classes(chosen.classes, {options.classes for options in same})
        names[chosen] = f"{chosen.mode} ({', '.join(parts)})" if parts else chosen.mode
    return names


def _name_classes(classes: str | None, used: set[str | None]) -> list[str]:
    """Return how many classes are scored, and which where that does not tell them apart."""
    if classes is None:
        return ["all classes"] if len(used) > 1 else []
    number, _, digest = classes.partition("-")
    alike = [other for other in used if other and other.partition("-")[0] == number]
    return [f"{number} classes{f' {digest}' if len(alike) > 1 else ''}"]
