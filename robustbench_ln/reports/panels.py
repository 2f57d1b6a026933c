"""How many panels a figure has, what each shows, and where they stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

__all__ = ["Panel", "Places", "panels_of", "place_panels", "split_networks"]

_MOST_LINES = 6
"""Lines in one panel: more can no longer be followed."""
_MOST_NETWORKS = 4
"""Line styles that can be told apart where lines cross."""


class Panel(NamedTuple):
    """Some of a figure's modes, and what they have in common: a mode or a network; "" for all."""

    title: str
    modes: tuple[ModeResults, ...]


class Places(NamedTuple):
    """Rows and columns of panels."""

    rows: int
    columns: int

    def subplots(self, canvas: Canvas, number: int, **options: Any) -> list[Any]:
        """Return the axes of a number of panels; what is left over is blank."""
        grid = canvas.subplots(self.rows, self.columns, squeeze=False, **options)
        for axes in grid.flat[number:]:
            axes.set_axis_off()
        return list(grid.flat[:number])


def panels_of(modes: Sequence[ModeResults]) -> list[Panel]:
    """Return one panel for a few modes; for many one a mode, or one a network if those are many."""
    networks = dict.fromkeys(mode.run.label for mode in modes)
    if len(modes) <= _MOST_LINES and len(networks) <= _MOST_NETWORKS:
        return [Panel("", tuple(modes))]
    if len(networks) > _MOST_NETWORKS:
        return split_networks(modes)
    variants = dict.fromkeys(mode.title for mode in modes)
    return [Panel(name, tuple(m for m in modes if m.title == name)) for name in variants]


def split_networks(modes: Sequence[ModeResults]) -> list[Panel]:
    """Return a panel for each network."""
    networks = dict.fromkeys(mode.run.label for mode in modes)
    return [Panel(label, tuple(m for m in modes if m.run.label == label)) for label in networks]


def place_panels(number: int, inches: float, *, least: float) -> Places:
    """Return rows and columns for panels that are at least `least` inches wide."""
    most = max(1, int(inches / least))
    rows = math.ceil(number / most)
    return Places(rows, math.ceil(number / rows))
