"""Bars of each corruption, family by family (ICANN 7a)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from robustbench_ln.reports.corruption_family import CorruptionFamily
from robustbench_ln.reports.drawings import (
    Drawing,
    PaperFigure,
    Piece,
    draw_legend,
    legend_name,
    pages_of,
    stamp_limit,
)
from robustbench_ln.reports.figure_style import draw_chance, known_intervals, line_style
from robustbench_ln.reports.tables import Row, Table
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["BARS"]

_MODES_A_PAGE = 8
_ROW_HEIGHT = 1.75
_PLACES_A_ROW = 9
"""Corruptions, or gaps between their families, side by side."""


def _make(tables: Sequence[Table]) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        if not isinstance(table.family, CorruptionFamily):
            continue
        for ending, modes in pages_of(table.modes, _MODES_A_PAGE):
            words = f"Accuracy under each corruption by family: {table.title}"
            lines = _lines(table)
            height = _ROW_HEIGHT * len(lines) + 0.25 + 0.14 * (-(-(len(modes) + 1) // 4))
            fill = partial(_fill, table=table, modes=modes, lines=lines)
            pieces.append(Drawing(f"_{table.name}{ending}", words, fill, height))
    return pieces


def _lines(table: Table) -> list[list[Row]]:
    """Return the rows of each line of bars; families stay whole where one line holds them."""
    lines: list[list[Row]] = []
    rows = [row for row in table.rows if row.group]
    for _, members in groupby(rows or table.rows, key=lambda row: row.group):
        for _, part in pages_of(list(members), _PLACES_A_ROW):
            if lines and len(lines[-1]) + len(part) <= _PLACES_A_ROW - 1:
                lines[-1] += part
            else:
                lines.append([*part])
    return lines


def _fill(
    canvas: Canvas, *, table: Table, modes: Sequence[ModeResults], lines: list[list[Row]]
) -> None:
    panels: Any = canvas.subplots(len(lines), 1, squeeze=False)[:, 0]
    for axes, rows in zip(panels, lines, strict=True):
        _draw_line(axes, table, modes, rows)
        draw_chance(axes.axhline, table)
    canvas.supylabel(table.family.words(table), fontsize=8)
    stamp_limit(canvas, table)
    draw_legend(canvas, panels[0], columns=4)


def _draw_line(axes: Axes, table: Table, modes: Sequence[ModeResults], rows: Sequence[Row]) -> None:
    width = 0.8 / len(modes)
    centres = _centres(rows)
    variants = list(dict.fromkeys(mode.variant for mode in table.modes))
    labels = list(table.by_run)
    for number, mode in enumerate(modes):
        estimates = [table.estimate(row, mode) for row in rows]
        places = [x + (number - (len(modes) - 1) / 2) * width for x in centres]
        hatch = ("", "////", "....", "xxxx")[labels.index(mode.run.label) % 4]
        axes.bar(
            places, [0 if e is None else 100 * e.value for e in estimates], 0.92 * width,
            color=line_style(variants.index(mode.variant))["color"],
            label=legend_name(table.names[mode]), hatch=hatch, edgecolor="white", linewidth=0,
        )  # fmt: skip
        for x, (low, high) in known_intervals(places, estimates):
            axes.plot([x, x], [low, high], color="0.25", linewidth=0.6)
    for name, members in groupby(zip(centres, rows, strict=True), key=lambda p: p[1].group):
        found = [x for x, _ in members]
        middle = (found[0] + found[-1]) / 2
        axes.annotate(
            name, (middle, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom",
            fontsize=7.5, fontweight="bold",
        )  # fmt: skip
    axes.set_xticks(centres, [row.name.replace("_", "\n").replace(" ", "\n") for row in rows])
    axes.tick_params(axis="x", labelsize=6.5, length=0)
    axes.set_xlim(-0.6, max(_PLACES_A_ROW - 1, centres[-1]) + 0.6)
    axes.set_ylim(0, 100)
    axes.grid(axis="y", color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)


def _centres(rows: Sequence[Row]) -> list[float]:
    """Return where the corruptions stand, with a gap between families."""
    centres, x = [], 0.0
    for i, row in enumerate(rows):
        x += 0.5 * (i > 0 and rows[i - 1].group != row.group)
        centres.append(x)
        x += 1
    return centres


BARS = PaperFigure(
    name="bars",
    title="Accuracy under each corruption by family",
    make=_make,
    needs="no run is under common corruptions",
)
