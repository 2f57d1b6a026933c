"""A table of a report, whose figures stand below it: its files, and its section of the page."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from robustbench_ln.progress import Progress
from robustbench_ln.reports.blocks import Block, Heading, Paragraph, Strong
from robustbench_ln.reports.captions import caption, difference_note, limit_stamp, short_caption
from robustbench_ln.reports.drawings import Press, Section
from robustbench_ln.reports.figures import draw_accuracy
from robustbench_ln.reports.latex import latex_comments, to_latex
from robustbench_ln.reports.paper_figures import ACCURACY
from robustbench_ln.reports.report_files import csv_bytes
from robustbench_ln.reports.table_grids import accuracy_grid, full_grid, wide_columns
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import runs_of

__all__ = ["make_section"]


def make_section(table: Table, press: Press, figures: Sequence[str], progress: Progress) -> Section:
    """Return a table with the figures beside it, if they were asked for."""
    name = f"{ACCURACY}_{press.whose}"
    files = {
        f"{name}_{table.name}.csv": csv_bytes(wide_columns(table)),
        f"{name}_{table.name}.tex": _latex(table, name).encode(),
    }
    stamp, note = limit_stamp(table), difference_note(table)
    blocks: list[Block] = [Heading(2, f"{table.heading}{stamp and f' - {stamp}'}")]
    blocks += [Strong(note)] if note else []
    blocks += [full_grid(table), Paragraph(caption(table))]
    drawings = draw_accuracy(table, press.inches) if ACCURACY in figures else []
    if ACCURACY in figures and not drawings:
        missing = f"No figure {ACCURACY} of {table.title}: it needs a sigma above 0"
        progress.note(f"Note: {missing}")
        blocks.append(Paragraph(f"{missing}."))
    for drawing in drawings:
        progress.describe(f"figure {ACCURACY}{drawing.ending}")
        files |= dict(drawing.files(name, press.kinds))
        blocks.append(drawing.picture(name, press.kinds))
    return Section(files, [*blocks, *table.family.notes_below(table)])


def _latex(table: Table, name: str) -> str:
    """Return a table for a paper, below the commands that made its runs."""
    notes = [command for run in runs_of(table.modes) for command in run.commands]
    notes += [*wrap(caption(table), 100, break_on_hyphens=False), r"Needs \usepackage{booktabs}."]
    label = f"tab:{name}_{table.name}"
    text = to_latex(accuracy_grid(table), caption=short_caption(table), label=label)
    return latex_comments(notes) + text
