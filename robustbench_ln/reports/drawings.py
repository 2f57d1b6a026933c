"""What a figure of the papers is made of: drawings and grids, each with its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from robustbench_ln.reports.blocks import Block, Paragraph, Picture
from robustbench_ln.reports.family import Row
from robustbench_ln.reports.figure_keys import Key
from robustbench_ln.reports.figure_style import KINDS, Kind, make_figure, render_figure
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.latex import to_latex
from robustbench_ln.reports.report_files import csv_bytes
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.columns import Columns
from robustbench_ln.runs.kept_images import find_seen
from robustbench_ln.runs.results import Cell, ModeResults
from robustbench_ln.runs.seen_images import SeenImages

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

T = TypeVar("T")

__all__ = [
    "Drawing", "PaperFigure", "Piece", "PrintedGrid", "Sheet", "find_kept", "pages_of", "row_cell",
    "spread_rows",
]  # fmt: skip


class Drawing(NamedTuple):
    """One picture.

    Attributes:
        ending: End of the files' name, after the figure's; "" or it begins with "_".
        words: What it shows, for people.
        fill: Draws all but the legend into an empty figure, or a part of one.
        size: Width and height in inches, without the legend.
        key: The legend; None for none.
        stamp: Said above all panels: that not all images were evaluated.
        numbers: The numbers that it shows, for a CSV file; None for none.
        has_images: Whether it shows test images.
    """

    ending: str
    words: str
    fill: Callable[[Any], object]
    size: tuple[float, float]
    key: Key | None = None
    stamp: str = ""
    numbers: Columns | None = None
    has_images: bool = False

    def files(self, name: str, kinds: Sequence[Kind] = KINDS) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of each file."""
        for kind in kinds:
            content = self.render(kind)
            yield f"{name}{self.ending}.{kind}", content
        if self.numbers is not None:
            yield f"{name}{self.ending}.csv", csv_bytes(self.numbers)

    def render(self, kind: Kind) -> bytes:
        """Return the picture as a file's content."""
        return render_figure(self._draw, size=self._whole, kind=kind)

    def figure(self) -> Canvas:
        """Return the picture as a figure that may be changed."""
        return make_figure(self._draw, size=self._whole)

    @property
    def _whole(self) -> tuple[float, float]:
        width, height = self.size
        return width, height + (self.key.height if self.key else 0)

    def _draw(self, canvas: Canvas) -> None:
        above = self.key.draw_below(canvas) if self.key else canvas
        self.fill(above)
        if self.stamp:
            above.suptitle(self.stamp, x=0.01, ha="left", fontsize=7.5, color="#D55E00")

    def picture(self, name: str, kinds: Sequence[Kind] = KINDS) -> Picture:
        """Return the picture for a page, of the first kind that there is."""
        return Picture(self, f"{name}{self.ending}", kinds[0])

    def blocks(self, name: str, kinds: Sequence[Kind] = KINDS) -> list[Block]:
        """Return the picture with its words."""
        return [self.picture(name, kinds), Paragraph(self.words)]


class PrintedGrid(NamedTuple):
    """One table of the papers.

    Attributes:
        words: What it shows, for people.
        grid: Its texts.
        numbers: The same for a CSV file.
    """

    words: str
    grid: Grid
    numbers: Columns

    def files(self, name: str, kinds: Sequence[Kind] = KINDS) -> Iterator[tuple[str, bytes]]:  # noqa: ARG002 as a drawing's
        """Yield name and content of each file."""
        yield f"{name}.csv", csv_bytes(self.numbers)
        yield f"{name}.tex", to_latex(self.grid, caption=self.words, label=f"tab:{name}").encode()

    def blocks(self, name: str, kinds: Sequence[Kind] = KINDS) -> list[Block]:  # noqa: ARG002 as a drawing's
        """Return the grid with its words."""
        return [self.grid, Paragraph(self.words)]


Piece = Drawing | PrintedGrid


class PaperFigure(NamedTuple):
    """A figure or table of the papers that a report can have.

    Attributes:
        name: Name in `--figures`, and the beginning of its files' names.
        title: Title, for people.
        make: Returns what can be made of some tables, with a width in inches; nothing where they
            have nothing of it.
        needs: What runs must have for it, as the end of "No figure NAME: ".
    """

    name: str
    title: str
    make: Callable[[Sequence[Table], float], list[Piece]]
    needs: str


def spread_rows(rows: Sequence[Row], most: int = 4) -> list[Row]:
    """Return rows from the first to the last, evenly spaced, at most `most` of them."""
    places = dict.fromkeys(round(i * (len(rows) - 1) / (most - 1)) for i in range(most))
    return [rows[i] for i in places if rows]


def row_cell(table: Table, row: Row, mode: ModeResults) -> Cell | None:
    """Return the one cell of a row; None where it was not measured, or the row is a mean."""
    parts = table.parts_of(row, mode)
    return None if parts is None or row.is_mean else parts[0][0]


class Sheet(NamedTuple, Generic[T]):
    """A part of a figure that is too large for one picture.

    Attributes:
        ending: The end of its files' name; "" where one picture is enough.
        part: What its words say of it; likewise.
        items: What it shows.
    """

    ending: str
    part: str
    items: list[T]


def pages_of(items: Sequence[T], size: int) -> list[Sheet[T]]:
    """Return items by pages of at most `size`."""
    pages = [list(items[start : start + size]) for start in range(0, len(items), size)]
    if len(pages) == 1:
        return [Sheet("", "", pages[0])]
    return [
        Sheet(f"_{number}", f" (part {number} of {len(pages)})", page)
        for number, page in enumerate(pages, start=1)
    ]


def find_kept(
    table: Table, rows: Sequence[Row], *, with_samples: bool = False
) -> dict[Row, SeenImages]:
    """Return row -> what the images looked like, of the first run that kept it for two rows.

    {} where none did.

    Args:
        table: A table of a noise.
        rows: Rows of it.
        with_samples: Whether rows without samples are left out.
    """
    for mode in table.modes:
        cells = {row: cell for row in rows if (cell := row_cell(table, row, mode))}
        seen = {row: find_seen(mode.run, cell.record.condition) for row, cell in cells.items()}
        kept = {row: found for row, found in seen.items() if found is not None}
        if with_samples:
            kept = {row: found for row, found in kept.items() if len(found.samples)}
        if len(kept) > 1:
            return kept
    return {}
