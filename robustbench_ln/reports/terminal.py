"""The tables as plain ASCII text, for a terminal or a log."""

from __future__ import annotations

from textwrap import wrap

import pandas as pd

from robustbench_ln.reports.captions import difference_note, limit_stamp
from robustbench_ln.reports.corruption_table import accuracy_words, corruption_grid
from robustbench_ln.reports.grids import to_text
from robustbench_ln.reports.noise_table import noise_text_grid
from robustbench_ln.reports.tables import Table, make_tables

__all__ = ["terminal_tables"]


def terminal_tables(frame: pd.DataFrame, *, width: int = 80) -> str:
    """Return every table of a frame, at most `width` columns wide, without a last line end."""
    return "\n".join(_text(table, width) for table in make_tables(frame)).rstrip("\n")


def _text(table: Table, width: int) -> str:
    if table.is_noise:
        grid = noise_text_grid(table)
        what = "accuracy in %; +- is the widest half of a row's 95 % Wilson intervals"
    else:
        grid = corruption_grid(table)
        what = accuracy_words(table)
    sentences = [f"{table.title}: {what}", limit_stamp(table), difference_note(table)]
    lines = [line for text in sentences for line in wrap(text, width)]
    head = "".join(f"{line}\n" for line in lines)
    return head.encode("ascii", "replace").decode() + to_text(grid, width=width)
