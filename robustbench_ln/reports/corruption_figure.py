"""Accuracy under each common corruption, and against severity.

Dots, since eight modes' bars under 20 corruptions cannot be told apart; corruptions from top to
bottom, so that their names are read without turning the page.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.metrics.corruption_error import MEAN_ROW
from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.reports.corruption_family import CorruptionFamily
from robustbench_ln.reports.figure_style import (
    Figure,
    draw_chance,
    draw_line,
    each_line,
    known_intervals,
    label_intervals,
    plot_height,
)
from robustbench_ln.reports.tables import Place, Row, Table
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CORRUPTION_DOTS", "SEVERITY_MEANS", "severity_means"]

_COMPLETE = (["clean"], sorted(BENCHMARK_CORRUPTIONS))
_LINE_HEIGHT = 0.145
"""Inches from one corruption to the next."""


class _Place(NamedTuple):
    """How far down a name stands, and the row that it names; None for a family, which may be ""."""

    y: float
    name: str
    row: Row | None


def _places(table: Table) -> list[_Place]:
    """Return where rows and the names of their families stand, from top to bottom."""
    places, y = [], 0.0
    for group, rows in groupby(table.rows, key=lambda row: row.group):
        places.append(_Place(y, group, None))
        y += 1 if group else 0.5
        for row in rows:
            name = row.name.replace(f"{MEAN_ROW} ", f"{MEAN_ROW}\n")
            places.append(_Place(y, name, row))
            y += 1 + name.count("\n") / 2
    return places


def _draw_corruptions(axes: Axes, table: Table) -> None:
    """Draw what the table's grid has. Lines join what belongs to one published family."""
    places = _places(table)
    heights = [place.y for place in places]
    for line in each_line(axes, table):
        estimates = [table.estimate(p.row, line.mode) if p.row else None for p in places]
        percents = [math.nan if e is None else 100 * e.value for e in estimates]
        style = {**line.style, "linewidth": 0.6}
        axes.plot(percents, heights, label=line.mode.variant, clip_on=False, **style)
        for y, (low, high) in known_intervals(heights, estimates):
            axes.plot([low, high], [y, y], color=line.style["color"], linewidth=2, alpha=0.35)
    label_intervals(axes, table)
    draw_chance(axes.axvline, table)
    rows = [place.y for place in places if place.row]
    axes.hlines(rows, 0, 100, color="0.9", linewidth=0.5, zorder=0)
    axes.set_yticks(heights, [place.name for place in places])
    axes.tick_params(axis="y", length=0)
    for text, place in zip(axes.get_yticklabels(), places, strict=True):
        text.set_fontweight("normal" if place.row else "bold")
    axes.set_ylim(heights[-1] + 0.7, -0.2)
    axes.set_xlim(0, 100)
    axes.set_xlabel(f"{table.family.words(table)}\n{table.title}")
    axes.grid(axis="x", color="0.9", linewidth=0.5)


def severity_means(table: Table) -> dict[ModeResults, dict[float, Estimate]]:
    """Return mode -> severity -> mean accuracy over the 15, and the clean one at severity 0.

    A severity is left out of a mode where one of the 15 is missing, or there are two of frost.
    """
    means: dict[ModeResults, dict[float, Estimate]] = {}
    for mode, cells in table.cells.items():
        by_severity: dict[float, list[Place]] = {}
        for place in cells:
            if place.corruption in ("clean", *BENCHMARK_CORRUPTIONS):
                by_severity.setdefault(place.severity, []).append(place)
        means[mode] = {
            severity: estimate
            for severity, places in sorted(by_severity.items())
            if sorted(place.corruption for place in places) in _COMPLETE
            and (estimate := table.estimate(Row("", tuple((p,) for p in places)), mode))
        }
    return means


def _draw_severities(axes: Axes, table: Table) -> None:
    """Draw the mean over the 15 against severity, 0 being the clean images."""
    means = severity_means(table)
    for line in each_line(axes, table):
        draw_line(axes, line, means[line.mode])
    label_intervals(axes, table)
    draw_chance(axes.axhline, table)
    axes.set_xticks(sorted({severity for points in means.values() for severity in points}))
    axes.set_ylim(0, 100)
    axes.set_xlabel(f"severity of {table.title}; 0 is clean")
    kinds = sorted({record.frost for record in table.records if record.frost})
    frost = f" ({' and '.join(kinds)} frost)" if kinds not in ([], ["photographs"]) else ""
    axes.set_ylabel(f"accuracy in %,\n{MEAN_ROW}{frost}")
    axes.grid(axis="y", color="0.9", linewidth=0.5)


CORRUPTION_DOTS = Figure(
    family=CorruptionFamily,
    shows="Accuracy under each corruption",
    draw=_draw_corruptions,
    height=lambda table, _: 0.6 + _LINE_HEIGHT * (_places(table)[-1].y + 1),
)
SEVERITY_MEANS = Figure(
    family=CorruptionFamily,
    shows="Mean accuracy against severity",
    draw=_draw_severities,
    height=plot_height,
    has_points=lambda t: max(len(points.keys() - {0}) for points in severity_means(t).values()) > 1,
    ending="_severity",
)
