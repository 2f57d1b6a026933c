"""The tables as LaTeX, ready to paste into a two-column paper that loads booktabs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from textwrap import wrap
from typing import NamedTuple

from robustbench_ln.reports.grids import Grid, break_head, split_columns
from robustbench_ln.reports.numbers import MISSING
from robustbench_ln.texts.safe import for_latex, one_line, shorten

__all__ = ["latex_comments", "to_latex"]

_COLUMN_WIDTH, _PAGE_WIDTH = 46, 96
"""Characters of small print that fit into one and into both columns of a page."""
_HEAD_WIDTHS = (40, 24, 16, 12, 7)
"""Heads are broken into lines as long as this: the first that makes the table as small as any."""
_DETAIL = 0.75
"""Width of a character of a detail beside one of a number."""
_NUMBER = re.compile(r"[-+<>]?\d")
"""What has a detail, as the beginning of a cell: names have none."""


def latex_comments(lines: Iterable[str]) -> str:
    """Return lines as comments of a LaTeX file."""
    return "".join(f"% {one_line(line)}\n" for line in lines)


def to_latex(grid: Grid, *, caption: str, label: str) -> str:
    """Return a `table`, or a `table*` where the grid is wider than one column of a page.

    Numbers are set right, their details smaller and padded so that the numbers' points align.
    Columns that do not fit into the page go on below, in even blocks.

    Args:
        grid: Plain texts.
        caption: Plain text.
        label: What `ref` calls the table: letters, digits and "-_.:".
    """
    columns, blocks, is_wide = _choose_columns(grid)
    tabulars = (_tabular([columns[k] for k in block], grid) for block in blocks)
    environment = "table*" if is_wide else "table"
    lines = [
        rf"\begin{{{environment}}}[t]",
        r"\centering\small\setlength{\tabcolsep}{4pt}",
        r"\caption{%",
        *wrap(f"{for_latex(caption)}}}", 100, break_long_words=False, break_on_hyphens=False),
        rf"\label{{{label}}}\par\smallskip",
        "\n\\par\\medskip\n".join(tabulars),
        rf"\end{{{environment}}}",
    ]
    return "".join(f"{line}\n" for line in lines)


class _Column(NamedTuple):
    """Texts of one column, as LaTeX, and how many characters wide it is."""

    group: str
    head: tuple[str, ...]
    body: tuple[str, ...]
    width: float


def _side(column: _Column) -> str:
    """Return where a column's texts stand: names at the left, numbers at the right."""
    return "l" if any(text[:1].isalpha() for text in column.body) else "r"


class _Layout(NamedTuple):
    """Columns, which of them stand side by side, and whether they need both of a page's."""

    columns: list[_Column]
    blocks: list[list[int]]
    is_wide: bool


def _choose_columns(grid: Grid) -> _Layout:
    """Return the smallest table, and of those as small the one whose heads are broken least."""
    layouts = []
    for head_width in _HEAD_WIDTHS:
        columns = [_column(grid, k, head_width) for k in range(len(grid.header))]
        widths = [column.width for column in columns]
        is_wide = len(split_columns(widths, _COLUMN_WIDTH)) > 1
        blocks = split_columns(widths, _PAGE_WIDTH if is_wide else _COLUMN_WIDTH)
        layouts.append(_Layout(columns, blocks, is_wide))
    return min(layouts, key=lambda layout: (layout.is_wide, len(layout.blocks)))


def _column(grid: Grid, k: int, head_width: int) -> _Column:
    texts = [shorten(one_line(row[k])) for row in grid.rows]
    cells = [text.partition(" ") if k and _NUMBER.match(text) else (text, "", "") for text in texts]
    sizes = [len(number) + len(gap) + _DETAIL * len(detail) for number, gap, detail in cells]
    head = break_head(shorten(one_line(grid.header[k])), max(head_width, round(max(sizes))))
    longest = max(len(detail) for *_, detail in cells)
    body = [
        _cell(number, detail, room=longest - len(detail), is_bold=(i, k) in grid.bold)
        for i, (number, _, detail) in enumerate(cells)
    ]
    group = shorten(one_line(grid.groups[k])) if grid.groups else ""
    share = len(group) / grid.groups.count(grid.groups[k]) if group else 0
    heads = tuple(r"$\sigma$" if text == "sigma" else for_latex(text) for text in head)
    return _Column(group, heads, tuple(body), max([share, *sizes, *map(len, head)]))


def _cell(number: str, detail: str, *, room: int, is_bold: bool) -> str:
    """Return a number and its detail, followed by space as wide as that number of digits."""
    text = "--" if number == MISSING else for_latex(number)
    if is_bold:
        text = rf"\textbf{{{text}}}"
    if not detail:
        return text
    space = rf"\phantom{{{'0' * room}}}" if room else ""
    return rf"{text} {{\scriptsize {for_latex(detail)}{space}}}"


def _tabular(columns: Sequence[_Column], grid: Grid) -> str:
    height = max(len(column.head) for column in columns)
    heads = [("",) * (height - len(column.head)) + column.head for column in columns]
    lines = [
        rf"\begin{{tabular}}{{@{{}}l{''.join(map(_side, columns[1:]))}@{{}}}}",
        r"\toprule",
        *_group_lines(columns),
        *map(_line, zip(*heads, strict=True)),
        r"\midrule",
    ]
    for i, texts in enumerate(zip(*(column.body for column in columns), strict=True)):
        lines += [r"\midrule"] if i in grid.rules else []
        if i in grid.sections:
            name = rf"\textit{{{for_latex(grid.sections[i])}}}"
            lines.append(_line([rf"\multicolumn{{{len(columns)}}}{{@{{}}l@{{}}}}{{{name}}}"]))
        lines.append(_line(texts))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def _group_lines(columns: Sequence[_Column]) -> list[str]:
    """Return the names of groups over their columns, and the rules below the names."""
    cells, rules, first = [], [], 1
    for group, members in groupby(column.group for column in columns):
        span = len(list(members))
        cells.append(rf"\multicolumn{{{span}}}{{c}}{{{for_latex(group)}}}" if group else "")
        rules.append(rf"\cmidrule(lr){{{first}-{first + span - 1}}}" if group else "")
        first += span
    return [_line(cells), "".join(rules)] if any(cells) else []


def _line(cells: Sequence[str]) -> str:
    r"""Return a line of a tabular. What stands before it, as `\\`, would take a "[" or a "*"."""
    line = rf"{' & '.join(cells)} \\"
    return f"{{{line[0]}}}{line[1:]}" if line[0] in "[*" else line
