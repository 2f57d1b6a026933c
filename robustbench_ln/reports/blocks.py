"""What a page is made of. Texts are plain, whoever wrote them: each writer makes them safe.

`markdown.py` and `html_page.py` write the same blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from robustbench_ln.reports.grids import Grid

if TYPE_CHECKING:
    from robustbench_ln.reports.drawings import Drawing
    from robustbench_ln.reports.sample_slides import Slides

__all__ = ["Block", "Code", "Heading", "Paragraph", "Picture", "Section", "Strong"]


class Heading(NamedTuple):
    """A heading; the page's own has level 1."""

    level: int
    text: str


class Paragraph(NamedTuple):
    """A paragraph."""

    text: str


class Strong(NamedTuple):
    """A paragraph in bold letters."""

    text: str


class Code(NamedTuple):
    """Lines as they are."""

    lines: tuple[str, ...]


class Picture(NamedTuple):
    """A drawing, whose files lie beside the page.

    Attributes:
        drawing: The drawing.
        name: Name of its files, without the kind.
        kind: Kind of the file that a page shows, if it shows files.
    """

    drawing: Drawing
    name: str
    kind: str


Block = Heading | Paragraph | Strong | Code | Picture | Grid


class Section(NamedTuple):
    """A part of a report.

    Attributes:
        files: Content of each file by its name.
        blocks: What stands on the pages.
        below: What stands below that on the page that stands alone.
    """

    files: dict[str, bytes]
    blocks: list[Block]
    below: Sequence[Block | Slides] = ()
