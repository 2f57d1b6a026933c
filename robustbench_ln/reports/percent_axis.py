"""An axis of accuracies in percent: its ticks, its grid, and the accuracy of guessing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.reports.figure_keys import KeyEntry
from robustbench_ln.reports.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PercentAxis", "draw_percent_grid", "percent_ticks", "set_percents"]

_STEPS = (1, 2, 5, 10, 20, 25)
"""Percent between two ticks."""
_MOST_STEPS = 6
_LEAST_SPAN = 4
"""Percent that an axis spans at least: what differs by less should not look far apart."""
_CHANCE: Mapping[str, Any] = {"color": "0.45", "linewidth": 0.8, "linestyle": (0, (1, 2))}


@dataclass(frozen=True)
class PercentAxis:
    """The axis of accuracies of a figure, the same in all its panels.

    Attributes:
        table: What is shown.
        ticks: From its first to its last.
        has_intervals: Whether any interval is drawn.
    """

    table: Table
    ticks: Sequence[float]
    has_intervals: bool = False

    @classmethod
    def of(
        cls, table: Table, estimates: Iterable[Estimate | None], *, from_zero: bool = False
    ) -> PercentAxis:
        """Return the axis that shows some accuracies and the ends of their intervals."""
        shown = [estimate for estimate in estimates if estimate is not None]
        ends = [100 * end for e in shown for end in (e.value, *(e.interval or ()))]
        return cls(table, percent_ticks(ends, from_zero=from_zero), any(e.interval for e in shown))

    @property
    def _chances(self) -> list[float]:
        """Percents of guessing that the axis reaches."""
        found = sorted({100 / mode.num_classes for mode in self.table.modes})
        return [percent for percent in found if self.ticks[0] <= percent <= self.ticks[-1]]

    def notes(self, *, has_means: bool | None = None, is_area: bool = False) -> list[KeyEntry]:
        """Return what the legend says of it: what intervals are drawn, and chance.

        Args:
            has_means: Whether any interval is of a mean; None where it is as in the table.
            is_area: Whether intervals are bands and not bars.
        """
        is_of_means = self.table.has_means if has_means is None else has_means
        words = "95 % interval" if is_of_means else "95 % Wilson interval"
        bar: Mapping[str, Any] = {"color": "0.25", "linewidth": 0.8}
        band: Mapping[str, Any] = {"color": "0.5", "alpha": 0.3, "linewidth": 0}
        interval = KeyEntry(words, band if is_area else bar, is_area)
        chance = KeyEntry("chance", _CHANCE)
        return [*([interval] if self.has_intervals else []), *([chance] if self._chances else [])]

    def draw(self, axes: Axes, axis: Literal["x", "y"] = "y", *, is_tight: bool = False) -> None:
        """Draw chance and the grid of a panel, and set its limits and ticks; see `set_percents`."""
        for percent in self._chances:
            (axes.axhline if axis == "y" else axes.axvline)(percent, zorder=0, **_CHANCE)
        set_percents(axes, axis, self.ticks, is_tight=is_tight)
        draw_percent_grid(axes, axis)


def percent_ticks(percents: Iterable[float], *, from_zero: bool = False) -> list[float]:
    """Return the ticks of an axis that shows some percents, from its first to its last.

    It begins at 0 unless half of it would be blank, and ends where the numbers do.

    >>> percent_ticks([3, 91]), percent_ticks([12, 28]), percent_ticks([97.2, 98.9])
    ([0, 20, 40, 60, 80, 100], [0, 5, 10, 15, 20, 25, 30], [96, 97, 98, 99, 100])
    >>> percent_ticks([0.6, 1.4]), percent_ticks([0.0])
    ([0, 1, 2], [0, 1])
    """
    known = [percent for percent in percents if not math.isnan(percent)] or [0.0, 100.0]
    low, high = min(known), max(*known, 1)
    if low >= _LEAST_SPAN and high - low < _LEAST_SPAN:
        middle = min(max((low + high) / 2, _LEAST_SPAN / 2), 100 - _LEAST_SPAN / 2)
        low, high = middle - _LEAST_SPAN / 2, middle + _LEAST_SPAN / 2
    if from_zero or low < max(high / 2, _LEAST_SPAN):
        low = 0
    for step in _STEPS:
        first, last = math.floor(low / step) * step, math.ceil(min(high, 100) / step) * step
        if (last - first) / step <= _MOST_STEPS:
            break
    return list(range(first, last + step, step))


def set_percents(
    axes: Axes, axis: Literal["x", "y"], ticks: Sequence[float], *, is_tight: bool = False
) -> None:
    """Set limits and ticks of an axis; there is room for a marker at either end, or at the last.

    Args:
        axes: The panel.
        axis: Which of its axes.
        ticks: What `percent_ticks` returned.
        is_tight: Whether it begins at the first tick, as an axis of bars does.
    """
    room = 0.03 * (ticks[-1] - ticks[0])
    limits = ticks[0] - (0 if is_tight else room), ticks[-1] + room
    names = [f"{tick:g}" for tick in ticks]
    axes.set(**{f"{axis}lim": limits, f"{axis}ticks": ticks, f"{axis}ticklabels": names})


def draw_percent_grid(axes: Axes, axis: Literal["x", "y", "both"] = "y") -> None:
    """Draw pale lines at the ticks, below what is shown."""
    axes.grid(axis=axis, color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)
