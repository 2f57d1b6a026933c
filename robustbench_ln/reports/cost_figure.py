"""Accuracy against the cost of a mode: forward passes an image."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from robustbench_ln.metrics.corruption_error import MEAN_ROW
from robustbench_ln.modes import MODES
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
from robustbench_ln.reports.figure_style import draw_chance, line_style
from robustbench_ln.reports.numbers import general
from robustbench_ln.reports.tables import Row, Table
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["COST", "forward_passes"]

_ROTATIONS = 4
_MODES_A_PAGE = 12
_STEP, _MOST_SPREAD = 0.14, 0.7
"""Powers of two between modes of as many passes, and between the first and the last of them."""


class _Point(NamedTuple):
    """A mode: its passes an image, and its accuracies 0..1; None where there is none."""

    mode: ModeResults
    passes: int
    clean: float | None
    degraded: float | None


def forward_passes(mode: ModeResults) -> int:
    """Return how often an image goes through the network.

    Under voting once for each group; four times as often where its rotations go with it.
    """
    record = mode.any_record
    how = MODES[record.mode]
    groups = record.num_groups if how.reduction == "vote" else 1
    return groups * (_ROTATIONS if how.layout == "rot90" else 1)


def _make(tables: Sequence[Table]) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        everything = [_point(table, mode) for mode in table.modes]
        pages = pages_of(everything, _MODES_A_PAGE)
        if len({point.passes for point in everything}) < 2:
            continue
        for ending, points in pages:
            words = (
                f"Accuracy against forward passes an image, {table.title}: filled {_what(table)}, "
                "hollow for the clean images; modes of as many passes stand side by side"
            )
            height = 2.6 + 0.14 * (1 + len(points) // 3)
            fill = partial(_fill, table=table, points=points)
            pieces.append(Drawing(f"_{table.name}{ending}", words, fill, height, _frame(points)))
    return pieces


def _what(table: Table) -> str:
    return "for the " + (
        MEAN_ROW if any(row.name.startswith(MEAN_ROW) for row in table.rows) else
        "mean over the corruptions" if isinstance(table.family, CorruptionFamily) else
        "mean over the sigmas above 0"
    )  # fmt: skip


def _point(table: Table, mode: ModeResults) -> _Point:
    rows = table.rows
    means = [row for row in rows if row.name.startswith(MEAN_ROW)]
    degraded = means or [row for row in rows if not _is_clean(row)]
    known = [a for row in degraded if (a := table.accuracy(row, mode)) is not None]
    is_whole = len(known) == len(degraded) or bool(means and known)
    clean = next((table.accuracy(row, mode) for row in rows if _is_clean(row)), None)
    return _Point(mode, forward_passes(mode), clean, fmean(known) if known and is_whole else None)


def _is_clean(row: Row) -> bool:
    return all(place.severity == 0 for part in row.parts for place in part)


def _frame(points: Sequence[_Point]) -> pd.DataFrame:
    rows = [(p.mode.run.label, p.mode.variant, *p[1:]) for p in points]
    columns = ["label", "variant", "forward_passes", "clean_accuracy", "degraded_accuracy"]
    return pd.DataFrame(rows, columns=columns)


def _fill(canvas: Canvas, *, table: Table, points: Sequence[_Point]) -> None:
    axes = canvas.subplots()
    for passes in sorted({point.passes for point in points}):
        members = [point for point in points if point.passes == passes]
        step = min(_STEP, _MOST_SPREAD / len(members))
        for k, point in enumerate(members):
            x = passes * 2 ** (step * (k - (len(members) - 1) / 2))  # side by side
            name = legend_name(table.names[point.mode])
            _draw_point(axes, point, x, name, points.index(point))
    draw_chance(axes.axhline, table)
    ticks = sorted({point.passes for point in points})
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, map(general, ticks))
    axes.minorticks_off()
    axes.set_xlabel("forward passes an image")
    axes.set_ylabel("accuracy, %")
    axes.set_ylim(0, 100)
    axes.margins(x=0.08)
    axes.grid(axis="y", color="0.9", linewidth=0.5)
    stamp_limit(canvas, table)
    draw_legend(canvas, axes, columns=3)


def _draw_point(axes: Axes, point: _Point, x: float, name: str, number: int) -> None:
    style = line_style(number)
    colour, marker = style["color"], style["marker"]
    known = [100 * a for a in (point.clean, point.degraded) if a is not None]
    axes.plot([x] * len(known), known, color=colour, linewidth=0.7, alpha=0.6)
    for accuracy, face in ((point.clean, "white"), (point.degraded, colour)):
        values = [] if accuracy is None else [100 * accuracy]
        axes.plot(
            [x] * len(values), values, linestyle="none", color=colour, marker=marker, markersize=5,
            markerfacecolor=face, label=name if face == colour else None,
        )  # fmt: skip


COST = PaperFigure(
    name="cost",
    title="Accuracy against forward passes an image",
    make=_make,
    needs="all modes of each table take as many forward passes; voting and rot90 modes take more",
)
