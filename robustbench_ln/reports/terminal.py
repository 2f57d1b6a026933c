"""The tables as plain ASCII text, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap

from robustbench_ln.reports.captions import difference_note, interval_sentences, limit_stamp
from robustbench_ln.reports.grids import to_text
from robustbench_ln.reports.tables import Table
from robustbench_ln.texts.safe import one_line

__all__ = ["terminal_tables"]


def terminal_tables(tables: Sequence[Table], *, width: int = 80) -> str:
    """Return the tables, at most `width` columns wide, without a last line end.

    What holds for several tables is said once, below the last of them.
    """
    notes = dict.fromkeys(filter(None, (table.family.text_note for table in tables)))
    parts = [*(_text(table, width) for table in tables), *([_lines(notes, width)] if notes else [])]
    return "\n".join(parts).rstrip("\n")


def _text(table: Table, width: int) -> str:
    title = f"{table.heading}: {table.family.text_words(table)}"
    above = _lines([one_line(title), limit_stamp(table), difference_note(table)], width)
    grid = to_text(table.family.text_grid(table), width=width)
    return above + grid + _lines(interval_sentences(table), width)


def _lines(sentences: Iterable[str], width: int) -> str:
    lines = [line for text in sentences for line in wrap(text, width)]
    return "".join(f"{line}\n" for line in lines).encode("ascii", "replace").decode()
