"""Accuracy of modes as lines over an ordered number, with bands of intervals.

More than six lines have small panels, one a mode or one a network; the others stay in each as grey
lines, so that a panel shows where among all it stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.reports.captions import limit_stamp
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.figure_keys import Key, KeyEntry, after_network, line_entries
from robustbench_ln.reports.figure_style import title_of, wrap_label
from robustbench_ln.reports.mode_styles import styles_of
from robustbench_ln.reports.panels import Panel, panels_of, place_panels
from robustbench_ln.reports.percent_axis import PercentAxis
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Curves", "Points", "draw_curve"]

Points = Mapping[float, Estimate]
"""Sigma or severity -> accuracy, 0..1."""

_PANEL = 1.22
"""Inches: least width of a small panel."""
_MOST_MARKERS = 12


@dataclass(frozen=True)
class Curves:
    """Lines of a table's modes.

    Attributes:
        table: The table.
        points: Mode -> its points.
        x_label: What is below.
        y_label: What is beside.
        inches: Width of the figure.
        is_whole: Whether x is a whole number.
    """

    table: Table
    points: Mapping[ModeResults, Points]
    x_label: str
    y_label: str
    inches: float
    is_whole: bool = False

    @cached_property
    def panels(self) -> list[Panel]:
        """What each panel shows."""
        return panels_of([mode for mode, points in self.points.items() if points])

    @property
    def height(self) -> float:
        """Inches of all panels."""
        rows = place_panels(len(self.panels), self.inches, least=_PANEL).rows
        return 1.6 + 0.16 * self.inches if len(self.panels) == 1 else 0.4 + 1.45 * rows

    @property
    def key(self) -> Key:
        """The legend."""
        modes = [mode for panel in self.panels for mode in panel.modes]
        is_by_mode = len(self.panels) > 1 and not self._is_by_network
        entries = line_entries(modes, has_networks=not self._is_by_network)
        if is_by_mode:  # the titles name them
            entries = entries[len({mode.variant for mode in modes}) :]
        words = "the other modes" if is_by_mode else "the other networks"
        others = [KeyEntry(words, {"color": "0.8", "linewidth": 0.8})]
        notes = self.axis.notes(is_area=True)
        return Key([*entries, *notes, *(others if len(self.panels) > 1 else ())], self.inches)

    @cached_property
    def axis(self) -> PercentAxis:
        """The axis of all panels."""
        return PercentAxis.of(self.table, (e for p in self.points.values() for e in p.values()))

    @property
    def _is_by_network(self) -> bool:
        labels = {mode.run.label for panel in self.panels for mode in panel.modes}
        return len(self.panels) > 1 and {panel.title for panel in self.panels} == labels

    def drawing(self, ending: str, words: str) -> Drawing:
        """Return them as a figure."""
        return Drawing(
            ending, words, self.draw, (self.inches, self.height), self.key, limit_stamp(self.table)
        )

    def draw(self, canvas: Any) -> list[Axes]:
        """Draw all panels into a figure, or a part of one."""
        places = place_panels(len(self.panels), self.inches, least=_PANEL)
        panels = places.subplots(canvas, len(self.panels), sharex=True, sharey=True)
        for number, (axes, panel) in enumerate(zip(panels, self.panels, strict=True)):
            self._draw_panel(axes, panel)
            is_lowest = number + places.columns >= len(panels)
            axes.tick_params(labelbottom=is_lowest, labelleft=number % places.columns == 0)
        below = wrap_label(after_network(self.x_label, self.points), self.inches - 0.5)
        if len(panels) == 1:
            panels[0].set_xlabel(below)
            panels[0].set_ylabel(wrap_label(self.y_label, 1.3))
        else:
            canvas.supxlabel(below, fontsize=8)
            canvas.supylabel(wrap_label(self.y_label, 1.3), fontsize=8)
        return panels

    def _draw_panel(self, axes: Axes, panel: Panel) -> None:
        xs = sorted({x for points in self.points.values() for x in points})
        if len(self.panels) > 1:
            for points in (p for mode, p in self.points.items() if mode not in panel.modes):
                values = [100 * estimate.value for estimate in points.values()]
                axes.plot([*points], values, color="0.85", linewidth=0.7, zorder=1)
        step = math.ceil(len(xs) / _MOST_MARKERS)
        styles = styles_of([*self.points])
        for number, mode in enumerate(panel.modes):
            style = styles[mode] | ({"linestyle": "-"} if self._is_by_network else {})
            draw_curve(axes, self.points[mode], style | {"markevery": (number % step, step)})
        self.axis.draw(axes)
        room = 0.04 * (xs[-1] - xs[0]) or 0.5
        axes.set_xlim(xs[0] - room, xs[-1] + room)
        if self.is_whole:
            axes.set_xticks(xs)
        axes.set_title(title_of(panel.title, 20), fontsize=7)


def draw_curve(axes: Axes, points: Points, style: Mapping[str, Any]) -> None:
    """Draw estimates as a line, and their intervals as a band; one alone has a bar."""
    axes.plot([*points], [100 * estimate.value for estimate in points.values()], **style)
    known = {x: estimate.interval for x, estimate in points.items() if estimate.interval}
    low, high = ([100 * interval[end] for interval in known.values()] for end in (0, 1))
    colour = style["color"]
    axes.fill_between([*known], low, high, color=colour, alpha=0.16, linewidth=0, zorder=2)
    if len(known) == 1:
        axes.plot([*known] * 2, [*low, *high], color=colour, alpha=0.4, linewidth=2.2, zorder=2)
