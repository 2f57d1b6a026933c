"""What tells the results of one mode in one run apart: the options it was measured with."""

from __future__ import annotations

from collections.abc import Sequence

from robustbench_ln.runs.records import Record

__all__ = ["Options", "name_variants", "options_of"]

Options = tuple[str, int | None, str | None, str | None, str, str]
"""Mode, set size, prior, tie rule, arithmetic, outputs."""


def options_of(record: Record) -> Options:
    """Return a row's mode and options."""
    how = record.prior, record.tie_rule, record.arithmetic, record.outputs
    return record.mode, record.set_size, *how


def name_variants(records: Sequence[Record]) -> dict[Options, str]:
    """Return what to call each mode of a run: its options are named only where they differ."""
    used = dict.fromkeys(map(options_of, records))
    names = {}
    for chosen in used:
        same = [options for options in used if options[0] == chosen[0]]
        words = ("sets of", "prior", "ties", "in", "outputs as")
        values = zip(range(1, 6), words, chosen[1:], strict=True)
        parts = [
            f"{word} {value}"
            for position, word, value in values
            if len({options[position] for options in same}) > 1
        ]
        names[chosen] = f"{chosen[0]} ({', '.join(parts)})" if parts else chosen[0]
    return names
