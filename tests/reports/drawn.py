"""What a figure shows, read from its SVG or from matplotlib's axes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.tables import Table


def only_table(*runs: Path) -> Table:
    """Return the one table of some runs."""
    (table,) = read_tables(runs, names="ids")
    return table


def texts_of(svg: bytes) -> list[str]:
    """Return all texts, line by line."""
    lines = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(line.itertext()).strip() for line in lines]


def axes_of(drawing: Drawing) -> list[Axes]:
    """Return the axes that a drawing fills, laid out, without those that are blank."""
    figure = Figure(figsize=drawing.size, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    drawing.fill(figure)
    canvas.draw()
    return [axes for axes in figure.axes if axes.axison]
