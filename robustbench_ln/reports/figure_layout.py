"""Figures of matplotlib: their layout is the same in every process, notebooks show them."""

from __future__ import annotations

import io
from collections.abc import Iterator

from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure as Canvas
from matplotlib.figure import FigureBase, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox

__all__ = ["NotebookFigure", "SteadyLayout"]

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


class NotebookFigure(Canvas):
    """Shows itself in a notebook, whether or not pyplot was ever imported there."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()

    def draw(self, renderer: RendererBase) -> None:
        """Draw the figure, or only arrange it: a file is drawn twice, the first time for that."""
        layout = self.get_layout_engine()
        if isinstance(layout, SteadyLayout) and self.canvas.is_saving():
            layout.execute(self)
        else:
            super().draw(renderer)
