"""A table of texts, as Markdown or for a terminal; `latex.py` sets the same grids for papers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from robustbench_ln.texts.safe import Markdown, for_markdown, one_line, shorten

__all__ = ["Grid", "break_head", "split_columns", "to_markdown", "to_text"]

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of texts under a header. The first column names the rows.

    Attributes:
        header: A text for each column.
        rows: As wide as the header. Texts are plain, whoever wrote them, and are made safe for
            each output. What follows a number's first space details it: "91.6 [89.7, 93.2]".
        groups: What neighbouring columns have in common, for each column; () for nothing.
        bold: (row, column) of the cells that stand out. A terminal does not show it.
        rules: Rows that a line sets off from those above. Only LaTeX draws it.
        sections: Row -> what stands above it, over all columns. Only LaTeX has it.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    groups: tuple[str, ...] = ()
    bold: frozenset[tuple[int, int]] = frozenset()
    rules: frozenset[int] = frozenset()
    sections: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Demand a rectangle."""
        assert all(len(row) == len(self.header) for row in self.rows)
        assert len(self.groups) in (0, len(self.header))

    @property
    def heads(self) -> tuple[str, ...]:
        """The header, each column under the name of its group."""
        groups = self.groups or ("",) * len(self.header)
        return tuple(f"{g} {head}".strip() for g, head in zip(groups, self.header, strict=True))


def to_markdown(grid: Grid, *, has_markup: bool = False) -> Markdown:
    """Return a Markdown table, its columns padded so that the source reads well too.

    Args:
        grid: The texts.
        has_markup: They are Markdown of our own, in which nobody else wrote.
    """

    def safe(text: str) -> str:
        return (text if has_markup else for_markdown(text)).replace("|", "\\|")

    rows = [
        [f"**{safe(text)}**" if (i, k) in grid.bold else safe(text) for k, text in enumerate(row)]
        for i, row in enumerate(grid.rows)
    ]
    lines = [[*map(safe, grid.heads)], *rows]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    lines.insert(1, rule)
    return Markdown("".join(f"| {' | '.join(_pad(line, widths))} |\n" for line in lines))


def to_text(grid: Grid, *, width: int) -> str:
    """Return a plain ASCII table. Where `width` is too small it goes on below, in even blocks.

    Column heads are broken after hyphens and spaces, so that "ln-single-voting-rot90" is as
    narrow as its numbers.
    """
    columns = [_Column.of(texts) for texts in zip(grid.heads, *grid.rows, strict=True)]
    blocks = split_columns([column.width for column in columns], width)
    return "\n".join(_block_text([columns[k] for k in block]) for block in blocks)


def split_columns(widths: Sequence[float], width: int) -> list[list[int]]:
    """Return blocks of column indices that fit into `width`, each beginning with the names' 0.

    Blocks have about as many columns; one that is too wide by itself stands alone.
    """
    blocks = _fill_blocks(widths, width, most=len(widths))
    return _fill_blocks(widths, width, most=math.ceil((len(widths) - 1) / len(blocks)))


def _fill_blocks(widths: Sequence[float], width: int, *, most: int) -> list[list[int]]:
    """Return blocks of columns that fit, each beside the names; `most` beside one."""
    blocks = [[0]]
    for k in range(1, len(widths)):
        total = sum(widths[i] + len(_GAP) for i in blocks[-1]) + widths[k]
        if len(blocks[-1]) > 1 and (len(blocks[-1]) > most or total > width):
            blocks.append([0])
        blocks[-1].append(k)
    return blocks


@dataclass(frozen=True, slots=True)
class _Column:
    head: tuple[str, ...]
    body: tuple[str, ...]
    width: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Column:
        ascii_texts = [_plain_cell(text) for text in texts]
        body = tuple(ascii_texts[1:])
        head = break_head(ascii_texts[0], max([7, *map(len, body)]))
        return cls(head, body, max(map(len, [*head, *body])))


def _plain_cell(text: str) -> str:
    """Return a text for a cell of a table in ASCII; spaces before it, an indent, are kept."""
    indent = " " * (len(text) - len(text.lstrip(" ")))
    return indent + shorten(one_line(text).encode("ascii", "replace").decode())


def break_head(text: str, width: int) -> tuple[str, ...]:
    """Return a column head in lines of `width`, broken after hyphens, underscores and spaces."""
    lines = [""]
    for part in text.replace("-", "- ").replace("_", "_ ").split():
        glue = " " if lines[-1] and lines[-1][-1] not in "-_" else ""
        if lines[-1] and len(lines[-1] + glue + part) > width:
            lines.append(part)
        else:
            lines[-1] += glue + part
    return tuple(lines)


def _block_text(columns: Sequence[_Column]) -> str:
    height = max(len(column.head) for column in columns)
    stacks = [("",) * (height - len(c.head)) + c.head + c.body for c in columns]
    widths = [column.width for column in columns]
    lines = [_GAP.join(_pad(line, widths)).rstrip() for line in zip(*stacks, strict=True)]
    return "".join(f"{line}\n" for line in lines)


def _pad(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Set the names left and the numbers right."""
    return [
        text.ljust(width) if i == 0 else text.rjust(width)
        for i, (text, width) in enumerate(zip(line, widths, strict=True))
    ]
