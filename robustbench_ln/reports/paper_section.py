"""The papers' figures of a report: their files, and the section that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from robustbench_ln.progress import Progress
from robustbench_ln.reports.drawings import Press
from robustbench_ln.reports.markdown import heading, page, paragraph
from robustbench_ln.reports.paper_figures import PAPER_FIGURES
from robustbench_ln.reports.tables import Table
from robustbench_ln.texts.safe import Markdown

__all__ = ["PaperSection", "make_paper_section"]


class PaperSection(NamedTuple):
    """What was made.

    Attributes:
        files: Content of each file by its name.
        markdown: Everything that was made, and what is missing; "" where nothing was asked for.
    """

    files: dict[str, bytes]
    markdown: Markdown


def make_paper_section(
    tables: Sequence[Table], names: Sequence[str], press: Press, progress: Progress
) -> PaperSection:
    """Make the figures of some names; say which of them these runs have nothing for.

    Raises:
        RecordError: What a figure needs is missing from a run that should have it, or damaged.
    """
    files: dict[str, bytes] = {}
    blocks: list[Markdown] = []
    for figure in (PAPER_FIGURES[name] for name in names if name in PAPER_FIGURES):
        progress.describe(f"figure {figure.name}")
        pieces = figure.make(tables, press.inches)
        if not pieces:
            missing = f"No figure {figure.name}: {figure.needs}"
            progress.note(f"Note: {missing}")
            blocks.append(paragraph(f"{missing}."))
            continue
        blocks.append(heading(2, figure.title))
        name = f"{figure.name}_{press.whose}"
        for piece in pieces:
            files |= piece.files(name, press.kinds)
            blocks.append(piece.markdown(name, press.kinds))
    return PaperSection(files, page(blocks))
