"""A table of texts, as Markdown or for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Grid", "to_markdown", "to_text"]

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of texts under a header. The first column names the rows.

    Attributes:
        header: A text for each column.
        rows: As wide as the header.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        """Demand a rectangle."""
        assert all(len(row) == len(self.header) for row in self.rows)


def to_markdown(grid: Grid) -> str:
    """Return a Markdown table, its columns padded so that the source reads well too."""
    lines = [[text.replace("|", "\\|") for text in line] for line in (grid.header, *grid.rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    lines.insert(1, rule)
    return "".join(f"| {' | '.join(_pad(line, widths))} |\n" for line in lines)


def to_text(grid: Grid, *, width: int) -> str:
    """Return a plain ASCII table. Where `width` is too small it goes on below, in even blocks.

    Column heads are broken after hyphens and spaces, so that "ln-single-voting-rot90" is as
    narrow as its numbers.
    """
    columns = [_Column.of(texts) for texts in zip(grid.header, *grid.rows, strict=True)]
    blocks = _fill_blocks(columns, width, most=len(columns))
    even = math.ceil((len(columns) - 1) / len(blocks))
    return "\n".join(map(_block_text, _fill_blocks(columns, width, most=even)))


def _fill_blocks(columns: Sequence[_Column], width: int, *, most: int) -> list[list[_Column]]:
    """Return blocks of columns that fit, each beside the names; `most` beside one."""
    blocks = [[columns[0]]]
    for column in columns[1:]:
        if len(blocks[-1]) > 1 and (
            len(blocks[-1]) > most or _width([*blocks[-1], column]) > width
        ):
            blocks.append([columns[0]])
        blocks[-1].append(column)
    return blocks


@dataclass(frozen=True, slots=True)
class _Column:
    head: tuple[str, ...]
    body: tuple[str, ...]
    width: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Column:
        ascii_texts = [text.encode("ascii", "replace").decode() for text in texts]
        body = tuple(ascii_texts[1:])
        head = _break(ascii_texts[0], max([7, *map(len, body)]))
        return cls(head, body, max(map(len, [*head, *body])))


def _break(text: str, width: int) -> tuple[str, ...]:
    """Fill lines of `width` with the parts of a column head."""
    lines = [""]
    for part in text.replace("-", "- ").replace("_", "_ ").split():
        glue = " " if lines[-1] and lines[-1][-1] not in "-_" else ""
        if lines[-1] and len(lines[-1] + glue + part) > width:
            lines.append(part)
        else:
            lines[-1] += glue + part
    return tuple(lines)


def _width(columns: Sequence[_Column]) -> int:
    return sum(column.width for column in columns) + len(_GAP) * (len(columns) - 1)


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
