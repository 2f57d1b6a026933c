"""Where panels stand: matplotlib's constrained layout, the same in every process."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure as Canvas
from matplotlib.figure import FigureBase, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox

__all__ = ["SteadyLayout"]

_GRID = 2**14
"""Places across a figure at which a panel can begin or end: 0.03 points apart on a page."""


class SteadyLayout(ConstrainedLayoutEngine):
    """Constrained layout on a grid.

    Its solver takes its variables in the order of their addresses in memory: two runs differ in a
    panel's last digits, which stand in the names of an SVG's clip paths.
    """

    def execute(self, fig: Canvas) -> None:
        """Arrange the figure, then move each panel and each part to the nearest places."""
        super().execute(fig)
        for part in _parts_of(fig):
            part.bbox_relative.set(_to_grid(part.bbox_relative))
        for axes in fig.axes:
            axes.set_position(_to_grid(axes.get_position(original=True)).bounds)
            axes.set_in_layout(True)  # which a position set by hand ends


def _parts_of(figure: FigureBase) -> Iterator[SubFigure]:
    """Yield the parts of a figure, and theirs."""
    for part in figure.subfigs:
        yield part
        yield from _parts_of(part)


def _to_grid(box: Bbox) -> Bbox:
    return Bbox((box.get_points() * _GRID).round() / _GRID)
