"""The figures of a table: which there are, and accuracy against sigma.

Each is drawn for one and for two columns of a page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from matplotlib.axes import Axes

from robustbench_ln.reports.corruption_family import CorruptionFamily, severity_means
from robustbench_ln.reports.corruption_figure import draw_corruptions, draw_severities
from robustbench_ln.reports.figure_style import (
    WIDTHS,
    Kind,
    Line,
    draw_chance,
    each_line,
    save_figure,
)
from robustbench_ln.reports.noise_family import NoiseFamily
from robustbench_ln.reports.tables import Family, Table

__all__ = ["Figure", "draw_curves", "figure_files", "figures_of"]

_MOST_MARKERS = 12


class Figure(NamedTuple):
    """A figure that tables of one family have.

    Attributes:
        family: Of the tables.
        ending: Of its file's name, after the table's.
        shows: For people.
        draw: Returns a file's content.
        has_points: Whether a table has something to draw.
    """

    family: type[Family]
    ending: str
    shows: str
    draw: Callable[..., bytes]
    has_points: Callable[[Table], bool]

    def name(self, table: Table) -> str:
        """Return its file's name, without width and kind."""
        return f"accuracy_{table.name}{self.ending}"


def figures_of(table: Table) -> list[Figure]:
    """Return the figures of a table, in the order of a report."""
    return [f for f in _FIGURES if isinstance(table.family, f.family) and f.has_points(table)]


def figure_files(figure: Figure, table: Table) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file of a figure: two widths, PNG and SVG."""
    kinds: tuple[Kind, ...] = ("png", "svg")
    for suffix, inches in WIDTHS.items():
        for kind in kinds:
            name = f"{figure.name(table)}{suffix}.{kind}"
            yield name, figure.draw(table, inches=inches, kind=kind)


def draw_curves(table: Table, *, inches: float, kind: Kind) -> bytes:
    """Return a figure of a noise table, as a file's content. Bands are 95 % Wilson intervals.

    Args:
        table: Its rows are sigmas.
        inches: Width of the figure.
        kind: PNG has 200 dots an inch.
    """
    size = (inches, 3.2 if inches > 5 else 2.2)
    return save_figure(_draw, table, size=size, kind=kind)


def _draw(axes: Axes, table: Table) -> None:
    step = math.ceil(len(table.rows) / _MOST_MARKERS)
    for line in each_line(axes, table):
        _draw_line(axes, table, line, step)
    axes.fill_between([], [], color="0.5", alpha=0.3, linewidth=0, label="95 % Wilson interval")
    draw_chance(axes.axhline, table)
    most = _sigmas(table)[-1]
    axes.set_xlim(-0.02 * (most or 1), 1.02 * (most or 1))
    axes.set_ylim(0, 100)
    axes.set_xlabel(f"σ of {table.title}")
    axes.set_ylabel("accuracy, %")
    axes.grid(axis="y", color="0.9", linewidth=0.5)


def _draw_line(axes: Axes, table: Table, line: Line, step: int) -> None:
    """Draw a mode. Of many sigmas only every `step`-th is marked, other ones for each mode."""
    estimates = [(row.sigma, table.estimate(row, line.mode)) for row in table.rows]
    points = [(sigma, *e.interval, e.value) for sigma, e in estimates if e and e.interval]
    sigmas, *shares = zip(*points, strict=True)
    low, high, accuracy = ([100 * share for share in of_kind] for of_kind in shares)
    marked = (line.number % step, step)
    axes.plot(sigmas, accuracy, label=line.mode.variant, markevery=marked, **line.style)
    axes.fill_between(sigmas, low, high, color=line.style["color"], alpha=0.13, linewidth=0)


def _sigmas(table: Table) -> list[float]:
    return [row.sigma for row in table.rows if row.sigma is not None]


def _has_severities(table: Table) -> bool:
    """Whether a mean over the 15 is known at several severities."""
    return max(len(points.keys() - {0}) for points in severity_means(table).values()) > 1


_FIGURES = (
    Figure(NoiseFamily, "", "Accuracy against sigma", draw_curves, lambda t: _sigmas(t)[-1] > 0),
    Figure(
        CorruptionFamily, "", "Accuracy under each corruption", draw_corruptions, lambda _: True
    ),
    Figure(
        CorruptionFamily,
        "_severity",
        "Mean accuracy against severity",
        draw_severities,
        _has_severities,
    ),
)
