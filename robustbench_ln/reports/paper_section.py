"""The papers' figures of a report: their files, and the section that shows them."""

from __future__ import annotations

from collections.abc import Sequence

from robustbench_ln.progress import Progress
from robustbench_ln.reports.blocks import Block, Heading, Paragraph
from robustbench_ln.reports.drawings import Press, Section
from robustbench_ln.reports.paper_figures import PAPER_FIGURES
from robustbench_ln.reports.tables import Table

__all__ = ["make_paper_section"]


def make_paper_section(
    tables: Sequence[Table], names: Sequence[str], press: Press, progress: Progress
) -> Section:
    """Make the figures of some names; say which of them these runs have nothing for.

    Raises:
        RecordError: What a figure needs is missing from a run that should have it, or damaged.
    """
    files: dict[str, bytes] = {}
    blocks: list[Block] = []
    for figure in (PAPER_FIGURES[name] for name in names if name in PAPER_FIGURES):
        progress.describe(f"figure {figure.name}")
        pieces = figure.make(tables, press.inches)
        if not pieces:
            missing = f"No figure {figure.name}: {figure.needs}"
            progress.note(f"Note: {missing}")
            blocks.append(Paragraph(f"{missing}."))
            continue
        blocks.append(Heading(2, figure.title))
        name = f"{figure.name}_{press.whose}"
        for piece in pieces:
            files |= piece.files(name, press.kinds)
            blocks += piece.blocks(name, press.kinds)
    return Section(files, blocks)
