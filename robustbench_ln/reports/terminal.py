"""Sentences and tables as plain ASCII text, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap

from robustbench_ln.reports.blocks import Code
from robustbench_ln.reports.captions import (
    difference_note,
    interval_sentences,
    interval_words,
    limit_stamp,
)
from robustbench_ln.reports.grids import Grid, to_text
from robustbench_ln.reports.table_grids import accuracy_grid
from robustbench_ln.reports.tables import Table
from robustbench_ln.texts.safe import one_line

__all__ = ["Part", "plain_text", "terminal_tables"]

Part = str | Grid | Code
"""A sentence, a table, or lines as they are."""


def plain_text(sections: Iterable[Iterable[Part]], *, width: int) -> str:
    """Return sections, a blank line between them, at most `width` columns wide."""
    texts = ["".join(_text(part, width) for part in section) for section in sections]
    return "\n".join(filter(None, texts)).encode("ascii", "replace").decode()


def _text(part: Part, width: int) -> str:
    if isinstance(part, Grid):
        return to_text(part, width=width)
    lines = part.lines if isinstance(part, Code) else wrap(one_line(part), width)
    return "".join(f"{line}\n" for line in lines)


def terminal_tables(tables: Sequence[Table], *, width: int = 80) -> str:
    """Return the tables without a last line end.

    What holds for several tables is said once, below the last of them.
    """
    notes = dict.fromkeys(table.family.narrow_note for table in tables)
    return plain_text([*map(_table, tables), notes], width=width).rstrip("\n")


def _table(table: Table) -> list[Part]:
    words, grid = table.family.words(table), table.family.narrow_grid(table)
    if grid is None:
        words, grid = f"{words} [{interval_words(table)}]", accuracy_grid(table)
    above = f"{table.heading}: {words}", limit_stamp(table), difference_note(table)
    return [*above, grid, *interval_sentences(table)]
