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
from typing import TYPE_CHECKING, Any, NamedTuple

from robustbench_ln.reports.captions import limit_stamp
from robustbench_ln.reports.drawings import (
    Drawing,
    PaperFigure,
    Piece,
    spread_rows,
)
from robustbench_ln.reports.family import Row
from robustbench_ln.reports.figure_keys import Key, KeyEntry
from robustbench_ln.reports.figure_style import title_of, wrap_label
from robustbench_ln.reports.mode_styles import level_style
from robustbench_ln.reports.numbers import general
from robustbench_ln.reports.panels import Places, place_panels
from robustbench_ln.reports.percent_axis import PercentAxis, percent_ticks
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.columns import Columns
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.texts.safe import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["SWEEP", "Varied", "split_label"]

_LABEL = re.compile(r"(?P<head>\D*?)(?P<number>\d{1,9}(\.\d{1,6})?)(?P<tail>\D*?)(-\d{1,6})?")
_PANEL = 1.6
"""Inches: least width of a panel."""


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
Series = tuple[str, str, str]
"""Series, and the mode's variant and title."""


def _make(tables: Sequence[Table], inches: float) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        series = _find_series(table)
        rows = spread_rows(table.rows)
        if series:
            points = {name: _points(table, modes, rows) for name, modes in series.items()}
            words = (
                f"Accuracy against the number that the runs' labels name, {table.title}: means "
                "over trainings, bars of a standard deviation"
            )
            places = place_panels(len(series), inches, least=_PANEL)
            axis = PercentAxis(table, percent_ticks(_ends(points)))
            key = _key(axis, points, inches)
            fill = partial(_fill, axis=axis, points=points, places=places, inches=inches)
            size = (inches, 0.5 + 2.0 * places.rows)
            pieces.append(
                Drawing(
                    f"_{table.name}", words, fill, size, key, limit_stamp(table), _numbers(points)
                )
            )
    return pieces


def _ends(points: Mapping[Series, Mapping[str, Points]]) -> list[float]:
    """Return the percents that the axis has to show."""
    ends = []
    for of_rows in points.values():
        for values in (values for numbers in of_rows.values() for values in numbers.values()):
            mean, spread = fmean(values), _sd(values) if len(values) > 1 else 0.0
            ends += [100 * (mean - spread), 100 * (mean + spread)]
    return ends


def _key(axis: PercentAxis, points: Mapping[Series, Mapping[str, Points]], inches: float) -> Key:
    names = _row_names(points)
    sign = "σ " * bool(axis.table.sigma_rows)
    entries = [KeyEntry(f"{sign}{name}", level_style(name, names)) for name in names]
    return Key([*entries, *axis.notes()], inches)


def _row_names(points: Mapping[Series, Mapping[str, Points]]) -> list[str]:
    return list(dict.fromkeys(row for of_rows in points.values() for row in of_rows))


def _find_series(table: Table) -> dict[Series, list[tuple[float, ModeResults]]]:
    """Return the modes of each series of which there are several numbers."""
    found: dict[Series, list[tuple[float, ModeResults]]] = {}
    for mode in table.modes:
        varied = split_label(mode.run.label)
        if varied is not None:
            found.setdefault((varied.series, mode.variant, mode.title), []).append(
                (varied.number, mode)
            )
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


def _numbers(points: Mapping[Series, Mapping[str, Points]]) -> Columns:
    rows = [
        (series, variant, row, number, len(values), fmean(values), _sd(values))
        for (series, variant, _), of_rows in points.items()
        for row, numbers in of_rows.items()
        for number, values in numbers.items()
    ]
    columns = ["series", "variant", "row", "x", "trainings", "accuracy", "sd"]
    return Columns.of_tuples(columns, rows)


def _sd(values: Sequence[float]) -> float:
    return stdev(values) if len(values) > 1 else math.nan


def _fill(
    canvas: Canvas,
    *,
    axis: PercentAxis,
    points: Mapping[Series, Mapping[str, Points]],
    places: Places,
    inches: float,
) -> None:
    panels = places.subplots(canvas, len(points), sharey=True)
    names = _row_names(points)
    for axes, (series, of_rows) in zip(panels, points.items(), strict=True):
        for row, numbers in of_rows.items():
            _draw_series(axes, numbers, level_style(row, names))
        _finish_panel(axes, series, sorted({x for of in of_rows.values() for x in of}))
        axis.draw(axes)
    canvas.supylabel("accuracy, %", fontsize=8)
    canvas.supxlabel(wrap_label(axis.table.title, inches - 0.5), fontsize=8)


def _draw_series(axes: Axes, numbers: Points, style: Mapping[str, Any]) -> None:
    means = [100 * fmean(values) for values in numbers.values()]
    spreads = [100 * _sd(values) if len(values) > 1 else 0 for values in numbers.values()]
    axes.errorbar([*numbers], means, yerr=spreads, elinewidth=0.8, **style)


def _finish_panel(axes: Axes, series: Series, numbers: Sequence[float]) -> None:
    """Set scale, ticks and words; a wide span of positive numbers is drawn by its logarithm."""
    if numbers[0] > 0 and numbers[-1] / numbers[0] >= 8:
        axes.set_xscale("log", base=2)
        axes.minorticks_off()
    step = -(-len(numbers) // 6)
    axes.set_xticks(numbers[::step], map(general, numbers[::step]))
    axes.set_title(title_of(series[2], 26), fontsize=7.5)
    axes.set_xlabel(f"x in “{shorten(series[0], 30)}”", fontsize=7)
    axes.margins(x=0.06)


SWEEP = PaperFigure(
    name="sweep",
    title="Accuracy against what a sweep varies",
    make=_make,
    needs='no labels that differ in one number alone, as "G=4-0" and "G=8-0" of a sweep\'s runs',
)
