"""Bars of each corruption, family by family (ICANN 7a)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from robustbench_ln.reports.captions import limit_stamp
from robustbench_ln.reports.drawings import Drawing, PaperFigure, Piece, Sheet, pages_of
from robustbench_ln.reports.family import Row
from robustbench_ln.reports.figure_keys import Key, after_network, bar_entries
from robustbench_ln.reports.figure_style import wrap_label
from robustbench_ln.reports.mode_styles import hatch_of, styles_of
from robustbench_ln.reports.panels import split_networks
from robustbench_ln.reports.percent_axis import PercentAxis
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["BARS"]

_MOST_BARS = 12
"""Bars side by side on one page."""
_ROW_HEIGHT, _PLACE, _NARROWEST = 1.45, 0.66, 3.0
"""Inches of a line of bars, of one corruption in it, and of a figure of few."""


def _make(tables: Sequence[Table], inches: float) -> list[Piece]:
    return [
        _Page(table, page.items, inches).drawing(page)
        for table in tables
        if table.family.has_severities
        for page in _pages(table)
    ]


def _pages(table: Table) -> list[Sheet[ModeResults]]:
    """Return the modes of each page, whole networks where there is room."""
    pages: list[list[ModeResults]] = []
    for network in split_networks(table.modes):
        for part in pages_of(network.modes, _MOST_BARS):
            if pages and len(pages[-1]) + len(part.items) <= _MOST_BARS:
                pages[-1] += part.items
            else:
                pages.append(part.items)
    return [Sheet(page.ending, page.part, *page.items) for page in pages_of(pages, 1)]


@dataclass(frozen=True)
class _Page:
    """The bars of some modes."""

    table: Table
    modes: Sequence[ModeResults]
    inches: float

    @cached_property
    def lines(self) -> list[list[Row]]:
        """The rows of each line of bars; families stay whole where one line holds them."""
        most = max(2, int((self.inches - 0.6) / _PLACE))
        lines: list[list[Row]] = []
        rows = [row for row in self.table.rows if row.group]
        for _, members in groupby(rows or self.table.rows, key=lambda row: row.group):
            for part in pages_of(list(members), most):
                if lines and len(lines[-1]) + len(part.items) <= most - 1:
                    lines[-1] += part.items
                else:
                    lines.append(part.items)
        return lines

    @cached_property
    def width(self) -> float:
        """Inches of the figure: a few corruptions do not fill a page."""
        longest = max(_centres(line)[-1] for line in self.lines)
        return min(self.inches, max(_NARROWEST, 0.7 + _PLACE * (longest + 1.2)))

    def drawing(self, page: Sheet[ModeResults]) -> Drawing:
        """Return them as a figure."""
        found = [self.table.estimate(r, m) for m in self.modes for line in self.lines for r in line]
        axis = PercentAxis.of(self.table, found, from_zero=True)
        return Drawing(
            f"_{self.table.name}{page.ending}",
            f"Accuracy under each corruption by family: {self.table.title}{page.part}",
            partial(self._fill, axis=axis),
            (self.width, _ROW_HEIGHT * len(self.lines) + 0.3),
            Key([*bar_entries(self.modes), *axis.notes()], self.width),
            limit_stamp(self.table),
        )

    def _fill(self, canvas: Canvas, *, axis: PercentAxis) -> None:
        panels: Any = canvas.subplots(len(self.lines), 1, squeeze=False)[:, 0]
        last = max([(self.width - 0.7) / _PLACE - 1.2, *(_centres(r)[-1] for r in self.lines)])
        for axes, rows in zip(panels, self.lines, strict=True):
            self._draw_line(axes, rows)
            _name_corruptions(axes, rows)
            axis.draw(axes, is_tight=True)
            axes.set_xlim(-0.6, last + 0.6)
            axes.set_ylabel("accuracy, %", fontsize=7)
        words = f"{self.table.family.words(self.table)}; {self.table.title}"
        below = wrap_label(after_network(words, self.modes), self.width - 0.3)
        canvas.supxlabel(below, fontsize=8)

    def _draw_line(self, axes: Axes, rows: Sequence[Row]) -> None:
        width, centres, styles = 0.8 / len(self.modes), _centres(rows), styles_of(self.modes)
        networks = list(dict.fromkeys(mode.run.label for mode in self.modes))
        for number, mode in enumerate(self.modes):
            estimates = [self.table.estimate(row, mode) for row in rows]
            places = [x + (number - (len(self.modes) - 1) / 2) * width for x in centres]
            axes.bar(
                places, [math.nan if e is None else 100 * e.value for e in estimates], 0.92 * width,
                color=styles[mode]["color"], hatch=hatch_of(networks.index(mode.run.label)),
                edgecolor="white", linewidth=0,
            )  # fmt: skip
            for x, estimate in zip(places, estimates, strict=True):
                if estimate is not None and estimate.interval is not None:
                    ends = [100 * end for end in estimate.interval]
                    axes.plot([x, x], ends, color="0.25", linewidth=0.6)


def _name_corruptions(axes: Axes, rows: Sequence[Row]) -> None:
    """Write each family above its corruptions, and those below their bars."""
    centres = _centres(rows)
    for name, members in groupby(zip(centres, rows, strict=True), key=lambda p: p[1].group):
        found = [x for x, _ in members]
        middle = (found[0] + found[-1]) / 2
        axes.annotate(
            name, (middle, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom",
            fontsize=7.5, fontweight="bold",
        )  # fmt: skip
    axes.set_xticks(centres, [row.name.replace("_", "\n").replace(" ", "\n") for row in rows])
    axes.tick_params(axis="x", labelsize=6.5, length=0)


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
