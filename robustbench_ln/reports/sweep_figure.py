"""Accuracy against a number in the runs' labels: groups, share of noisy images (arXiv 10, 11).

Labels are those of a sweep: "G=8-0", "BN, 25% noisy-1". The number after the last hyphen counts the
trainings, over which means are taken; the other number is what is varied.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean, stdev
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from robustbench_ln.reports.drawings import (
    Drawing,
    PaperFigure,
    Piece,
    draw_legend,
    spread_rows,
    stamp_limit,
)
from robustbench_ln.reports.figure_style import draw_chance, line_style
from robustbench_ln.reports.numbers import general
from robustbench_ln.reports.tables import Row, Table
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.texts.safe import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["SWEEP", "Varied", "split_label"]

_LABEL = re.compile(r"(?P<head>\D*?)(?P<number>\d{1,9}(\.\d{1,6})?)(?P<tail>\D*?)(-\d{1,6})?")
_MOST_PANELS = 4


class Varied(NamedTuple):
    """What a label says: the series that a run is of, and its number in it."""

    series: str
    number: float


def split_label(label: str) -> Varied | None:
    """Return what is varied; None where the label has no number, or several.

    >>> split_label("BN, 25% noisy-1"), split_label("G=8-0"), split_label("ResNet-20 v2")
    (Varied(series='BN, x% noisy', number=25.0), Varied(series='G=x', number=8.0), None)
    """
    found = _LABEL.fullmatch(label)
    if found is None:
        return None
    return Varied(f"{found['head']}x{found['tail']}", float(found["number"]))


Points = Mapping[float, Sequence[float]]
"""Number -> accuracy 0..1 of each training."""
Series = tuple[str, str]
"""Series and variant."""


def _make(tables: Sequence[Table]) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        series = _find_series(table)
        rows = spread_rows(table)
        if series:
            points = {name: _points(table, modes, rows) for name, modes in series.items()}
            words = (
                f"Accuracy against the number that the runs' labels name, {table.title}: means "
                "over trainings, bars of a standard deviation"
            )
            lines = -(-len(series) // _MOST_PANELS)
            fill = partial(_fill, table=table, points=points)
            height = 0.35 + 2.0 * lines
            pieces.append(Drawing(f"_{table.name}", words, fill, height, _frame(points)))
    return pieces


def _find_series(table: Table) -> dict[Series, list[tuple[float, ModeResults]]]:
    """Return the modes of each series of which there are several numbers."""
    found: dict[Series, list[tuple[float, ModeResults]]] = {}
    for mode in table.modes:
        varied = split_label(mode.run.label)
        if varied is not None:
            found.setdefault((varied.series, mode.variant), []).append((varied.number, mode))
    return {name: members for name, members in found.items() if len({n for n, _ in members}) > 1}


def _points(
    table: Table, members: Sequence[tuple[float, ModeResults]], rows: Sequence[Row]
) -> dict[str, Points]:
    """Return row's name -> its points."""
    found: dict[str, dict[float, list[float]]] = {}
    for row in rows:
        for number, mode in sorted(members, key=lambda m: m[0]):
            accuracy = table.accuracy(row, mode)
            if accuracy is not None:
                found.setdefault(row.name, {}).setdefault(number, []).append(accuracy)
    return dict(found)


def _frame(points: Mapping[Series, Mapping[str, Points]]) -> pd.DataFrame:
    rows = [
        (series, variant, row, number, len(values), fmean(values), _sd(values))
        for (series, variant), of_rows in points.items()
        for row, numbers in of_rows.items()
        for number, values in numbers.items()
    ]
    columns = ["series", "variant", "row", "x", "trainings", "accuracy", "sd"]
    return pd.DataFrame(rows, columns=columns)


def _sd(values: Sequence[float]) -> float:
    return stdev(values) if len(values) > 1 else math.nan


def _fill(canvas: Canvas, *, table: Table, points: Mapping[Series, Mapping[str, Points]]) -> None:
    columns = min(max(len(points), 2), _MOST_PANELS)
    grid = canvas.subplots(-(-len(points) // columns), columns, sharey=True, squeeze=False)
    names = list(dict.fromkeys(row for of_rows in points.values() for row in of_rows))
    for axes in grid.flat[len(points) :]:
        axes.set_axis_off()
    for axes, (series, of_rows) in zip(grid.flat, points.items(), strict=False):
        for row, numbers in of_rows.items():
            head = f"{table.family.heading} {row}" if table.rows[0].sigma is not None else row
            _draw_series(axes, numbers, head.replace("sigma", "σ"), names.index(row))
        _finish_panel(axes, series, sorted({x for of in of_rows.values() for x in of}))
        draw_chance(axes.axhline, table)
    for axes in grid[:, 0]:
        axes.set_ylabel("accuracy, %")
    stamp_limit(canvas, table)
    draw_legend(canvas, grid[0, 0], columns=5)


def _draw_series(axes: Axes, numbers: Points, name: str, number: int) -> None:
    means = [100 * fmean(values) for values in numbers.values()]
    spreads = [100 * _sd(values) if len(values) > 1 else 0 for values in numbers.values()]
    style = line_style(number)
    axes.errorbar([*numbers], means, yerr=spreads, elinewidth=0.8, label=name, **style)


def _finish_panel(axes: Axes, series: Series, numbers: Sequence[float]) -> None:
    """Set scale, ticks and words; a wide span of positive numbers is drawn by its logarithm."""
    if numbers[0] > 0 and numbers[-1] / numbers[0] >= 8:
        axes.set_xscale("log", base=2)
        axes.minorticks_off()
    step = -(-len(numbers) // 6)
    axes.set_xticks(numbers[::step], map(general, numbers[::step]))
    axes.set_title(series[1], fontsize=7.5)
    axes.set_xlabel(f"x in “{shorten(series[0], 30)}”", fontsize=7)
    axes.set_ylim(0, 102)
    axes.grid(axis="y", color="0.9", linewidth=0.5)


SWEEP = PaperFigure(
    name="sweep",
    title="Accuracy against what a sweep varies",
    make=_make,
    needs='no labels that differ in one number alone, as "G=4-0" and "G=8-0" of a sweep\'s runs',
)
