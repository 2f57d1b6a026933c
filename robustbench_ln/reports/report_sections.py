"""The sections of a report: each table with its figures, and the figures of the papers."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

from robustbench_ln.progress import Progress
from robustbench_ln.reports.blocks import Block, Heading, Paragraph, Section, Strong
from robustbench_ln.reports.captions import caption, difference_note, limit_stamp, short_caption
from robustbench_ln.reports.corruption_figure import draw_corruptions, draw_severities
from robustbench_ln.reports.curve_figure import draw_sigmas
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.latex import latex_comments, to_latex
from robustbench_ln.reports.paper_figures import ACCURACY, PAPER_FIGURES
from robustbench_ln.reports.report_files import csv_bytes
from robustbench_ln.reports.sample_slides import Slides, make_slides
from robustbench_ln.reports.settings import ReportSettings
from robustbench_ln.reports.table_grids import accuracy_grid, wide_columns
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import runs_of

__all__ = ["Press", "draw_accuracy", "make_paper_section", "make_section"]

_BESIDE_TABLES = (draw_sigmas, draw_corruptions, draw_severities)


class Press(NamedTuple):
    """How the files of a report are made.

    Attributes:
        whose: Part of their names that says whose runs they are of.
        settings: What is asked of the report.
        progress: Display that shows how far the job is.
    """

    whose: str
    settings: ReportSettings
    progress: Progress


def draw_accuracy(table: Table, inches: float) -> list[Drawing]:
    """Return the figures beside a table, in the order of a report."""
    return [drawing for draw in _BESIDE_TABLES for drawing in draw(table, inches)]


def make_section(table: Table, press: Press) -> Section:
    """Return a table with the figures beside it, if they were asked for."""
    name, settings = f"{ACCURACY}_{press.whose}", press.settings
    files = {
        f"{name}_{table.name}.csv": csv_bytes(wide_columns(table)),
        f"{name}_{table.name}.tex": _latex(table, name).encode(),
    }
    stamp, note = limit_stamp(table), difference_note(table)
    blocks: list[Block] = [Heading(2, f"{table.heading}{stamp and f' - {stamp}'}")]
    blocks += [Strong(note)] if note else []
    blocks += [accuracy_grid(table, has_meanings=True), Paragraph(caption(table))]
    if ACCURACY in settings.chosen:
        drawings = draw_accuracy(table, settings.width)
        for drawing in drawings:
            press.progress.describe(f"figure {ACCURACY}{drawing.ending}")
            files |= drawing.files(name, settings.kinds)
            blocks.append(drawing.picture(name, settings.kinds))
    slides = make_slides(table)
    below: list[Block | Slides] = []
    if slides is not None:
        below = [Heading(3, "The first images, level by level"), slides]
    return Section(files, [*blocks, *table.family.notes_below(table)], below)


def make_paper_section(tables: Sequence[Table], press: Press) -> Section:
    """Return the papers' figures that were asked for; say which these runs have nothing for.

    Raises:
        RecordError: What a figure needs is missing from a run that should have it, or damaged.
    """
    files: dict[str, bytes] = {}
    blocks: list[Block] = []
    for figure in (f for name, f in PAPER_FIGURES.items() if name in press.settings.chosen):
        press.progress.describe(f"figure {figure.name}")
        pieces = figure.make(tables, press.settings.width)
        blocks.append(
            Heading(2, figure.title) if pieces else _say_none(press, figure.name, figure.needs)
        )
        for piece in pieces:
            name = f"{figure.name}_{press.whose}"
            files |= piece.files(name, press.settings.kinds)
            blocks += piece.blocks(name, press.settings.kinds)
    return Section(files, blocks)


def _say_none(press: Press, figure: str, needs: str) -> Paragraph:
    """Return why there is no such figure, and tell the user."""
    words = f"No figure {figure}: {needs}"
    press.progress.note(f"Note: {words}")
    return Paragraph(f"{words}.")


def _latex(table: Table, name: str) -> str:
    """Return a table for a paper, below the commands that made its runs."""
    notes = [command for run in runs_of(table.modes) for command in run.commands]
    notes += [*wrap(caption(table), 100, break_on_hyphens=False), r"Needs \usepackage{booktabs}."]
    label = f"tab:{name}_{table.name}"
    text = to_latex(accuracy_grid(table), caption=short_caption(table), label=label)
    return latex_comments(notes) + text
