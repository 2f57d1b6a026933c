"""How figures look: colours, markers, legend, and files with the same bytes for the same table."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.reports.captions import limit_stamp
from robustbench_ln.reports.tables import Family, Table
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.texts.safe import for_figure, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = [
    "KINDS",
    "WIDTHS",
    "Figure",
    "Kind",
    "Line",
    "draw_chance",
    "draw_figure",
    "draw_line",
    "each_line",
    "known_intervals",
    "label_intervals",
    "line_style",
    "plot_height",
    "render_figure",
]

WIDTHS: Mapping[str, float] = MappingProxyType({"": 6.8, "_narrow": 3.3})
"""Ending of the file's name -> width in inches: the two widths of a journal's page."""

Kind = Literal["png", "svg"]
KINDS: tuple[Kind, ...] = ("png", "svg")

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
"""Okabe and Ito 2008, without the yellow that white paper swallows."""
_MARKERS = "os^Dv<*hdp"
_LINES: tuple[Any, ...] = ("-", "--", ":", "-.")

_STYLE: Any = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.1,
    "lines.markeredgewidth": 0.8,
    "text.parse_math": False,
    "svg.hashsalt": "robustbench_ln",
}


class Figure(NamedTuple):
    """A figure that tables of one family have.

    Attributes:
        family: Family of the tables.
        shows: For people.
        draw: Draws a table into axes; what it labels is in the legend.
        height: Height of the figure in inches, from table and width. The legend adds to it.
        has_points: Whether a table has something to draw.
        ending: Ending of the files' name, after the table's.
    """

    family: type[Family]
    shows: str
    draw: Callable[[Axes, Table], None]
    height: Callable[[Table, float], float]
    has_points: Callable[[Table], bool] = lambda _: True
    ending: str = ""


def plot_height(_: Table, inches: float) -> float:
    """Return the height in inches of a plot with a given width in inches."""
    return 3.2 if inches > 5 else 2.2


def draw_figure(figure: Figure, table: Table, *, inches: float, kind: Kind) -> bytes:
    """Return a figure as a file's content. PNG has 200 dots an inch.

    The legend of a narrow figure is below, of another beside the axes, where it may be higher.
    """

    def fill(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        figure.draw(axes, table)
        if stamp := limit_stamp(table):
            axes.set_title(stamp, fontsize=8, color="#D55E00", loc="left")
        _draw_legend(canvas, axes, is_below=inches < 5)

    return render_figure(fill, size=(inches, figure.height(table, inches)), kind=kind)


def render_figure(
    fill: Callable[[Canvas], None], *, size: tuple[float, float], kind: Kind
) -> bytes:
    """Return what `fill` draws into an empty figure of `size` inches, as a file's content."""
    import matplotlib as mpl  # 0.7 s, which a report without figures need not wait for
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas
    from matplotlib.text import Text

    with mpl.rc_context():
        mpl.rcdefaults()  # whatever the user's own style is: same records, same bytes
        mpl.rcParams.update(_STYLE)
        figure = Canvas(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        fill(figure)
        for text in figure.findobj(Text):
            text.set_text(for_figure(text.get_text()))
        buffer = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, dpi=200, metadata=metadata)
    return buffer.getvalue()


class Line(NamedTuple):
    """A mode of a run, its number among the table's modes, and how it is drawn."""

    mode: ModeResults
    number: int
    style: Mapping[str, Any]


def each_line(axes: Axes, table: Table) -> Iterator[Line]:
    """Yield what to draw, run by run; each run has its name in the legend, above its modes.

    A mode keeps its colour and marker, a run its line style. Every second mode's markers are
    small and hollow: where two coincide, both are seen.
    """
    variants = list(dict.fromkeys(mode.variant for mode in table.modes))
    for (label, modes), line in zip(table.by_run.items(), cycle(_LINES), strict=False):
        if table.groups:
            axes.plot([], [], linestyle="none", label=_legend_head(label))
        for mode in modes:
            number = variants.index(mode.variant)
            yield Line(mode, number, line_style(number, line))


def draw_line(axes: Axes, line: Line, points: Mapping[float, Estimate], **options: Any) -> None:
    """Draw estimates against sigma or severity, and their intervals as a band."""
    percents = [100 * estimate.value for estimate in points.values()]
    axes.plot([*points], percents, label=line.mode.variant, **line.style, **options)
    known = known_intervals([*points], [*points.values()])
    low, high = ([interval[end] for _, interval in known] for end in (0, 1))
    colour = line.style["color"]
    axes.fill_between([x for x, _ in known], low, high, color=colour, alpha=0.13, linewidth=0)


def known_intervals(
    positions: Sequence[float], estimates: Sequence[Estimate | None]
) -> list[tuple[float, tuple[float, float]]]:
    """Return position and interval in percent of each estimate that has one."""
    return [
        (position, (100 * found.interval.low, 100 * found.interval.high))
        for position, found in zip(positions, estimates, strict=True)
        if found is not None and found.interval is not None
    ]


def label_intervals(axes: Axes, table: Table) -> None:
    """Say in the legend which intervals are drawn."""
    words = "95 % interval" if table.has_means else "95 % Wilson interval"
    axes.fill_between([], [], color="0.5", alpha=0.3, linewidth=0, label=words)


def draw_chance(draw: Callable[..., Any], table: Table) -> None:
    """Draw the accuracy of guessing with `axhline` or `axvline` of some axes."""
    for i, classes in enumerate(sorted({mode.num_classes for mode in table.modes})):
        draw(
            100 / classes,
            color="0.45",
            linewidth=0.8,
            linestyle=(0, (1, 2)),
            zorder=0,
            label="chance" if i == 0 else None,
        )


def line_style(number: int, line: Any = "-") -> dict[str, Any]:
    """Return how the `number`-th mode is drawn; every second one has small and hollow markers."""
    colour, marker = _COLOURS[number % len(_COLOURS)], _MARKERS[number % len(_MARKERS)]
    is_hollow = number % 2 == 1
    return {
        "color": colour,
        "marker": marker,
        "markersize": 3.2 if is_hollow else 5.2,
        "markerfacecolor": "white" if is_hollow else colour,
        "linestyle": line,
    }


def _legend_head(label: str) -> str:
    """Return a run's label as it stands above its modes; a leading "_" would hide it."""
    return " " + shorten(label, 32)


def _draw_legend(figure: Canvas, axes: Axes, *, is_below: bool) -> None:
    names = axes.get_legend_handles_labels()[1]
    columns = 2 if is_below and max(map(len, names)) <= 24 else 1
    height = figure.get_figheight()
    if is_below:
        figure.set_figheight(height + 0.14 * math.ceil(len(names) / columns))
    else:
        figure.set_figheight(max(height, 0.2 + 0.18 * len(names)))
    legend = figure.legend(
        loc="outside lower center" if is_below else "outside right upper",
        ncols=columns,
        frameon=False,
        fontsize=6.5 if is_below else 7.5,
        handlelength=2.8,
        columnspacing=1.2,
    )
    for text in legend.get_texts():
        text.set_fontweight("bold" if text.get_text().startswith(" ") else "normal")
