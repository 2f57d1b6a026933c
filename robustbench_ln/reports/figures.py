"""Accuracy against sigma, drawn for one or two columns of a page."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from itertools import cycle, islice
from types import MappingProxyType
from typing import Any, Literal

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from robustbench_ln.reports.captions import limit_stamp
from robustbench_ln.reports.tables import Column, Table

__all__ = ["WIDTHS", "draw_figure"]

WIDTHS: Mapping[str, float] = MappingProxyType({"": 6.8, "_narrow": 3.3})
"""Ending of the file's name -> width in inches: the two widths of a journal's page."""

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
"""Okabe and Ito 2008, without the yellow that white paper swallows."""
_MARKERS = "os^Dv<*hdp"
_MOST_MARKERS = 12
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


def draw_figure(table: Table, *, inches: float, kind: Literal["png", "svg"]) -> bytes:
    """Return a figure of a noise table, as a file's content.

    A mode keeps its colour and marker, a run its line style. Bands are 95 % Wilson intervals.

    Args:
        table: Its rows are sigmas.
        inches: Width of the figure. A narrow one has its legend below.
        kind: PNG has 200 dots an inch.
    """
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever the user's own style is: same records, same bytes
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(inches, 3.2), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        _draw_lines(axes, table)
        _draw_chance(axes, table)
        _label(axes, table)
        _draw_legend(figure, axes, is_below=inches < 5)
        buffer = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, dpi=200, metadata=metadata)
    return buffer.getvalue()


def _draw_lines(axes: Axes, table: Table) -> None:
    styles = _styles(table)
    labels = list(dict.fromkeys(column.label for column in table.columns))
    for label in labels:
        if len(labels) > 1:
            axes.plot([], [], linestyle="none", label=_legend_head(label))
        for column in table.columns:
            if column.label == label:
                _draw_line(axes, table.column_cells(column), column.variant, styles[column])
    axes.fill_between([], [], color="0.5", alpha=0.3, linewidth=0, label="95 % Wilson interval")


def _legend_head(label: str) -> str:
    """Return a run's label as it stands above its modes; a leading "_" would hide it."""
    return " " + (label if len(label) <= 32 else f"{label[:29]}...")


def _draw_line(axes: Axes, cells: pd.DataFrame, name: str, style: dict[str, Any]) -> None:
    sigmas = cells["severity"].to_numpy()
    percents = {field: 100 * cells[field].to_numpy() for field in ("accuracy", "low", "high")}
    axes.plot(sigmas, percents["accuracy"], label=name, **style)
    axes.fill_between(
        sigmas, percents["low"], percents["high"], color=style["color"], alpha=0.13, linewidth=0
    )


def _draw_legend(figure: Figure, axes: Axes, *, is_below: bool) -> None:
    names = axes.get_legend_handles_labels()[1]
    columns = 2 if is_below and max(map(len, names)) <= 24 else 1
    if is_below:
        figure.set_figheight(2.2 + 0.14 * math.ceil(len(names) / columns))
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


def _styles(table: Table) -> dict[Column, dict[str, Any]]:
    """Return colour and marker by mode, line style by run.

    Every second mode's markers are small and hollow: where two lines coincide, both are seen.
    Of many sigmas only some are marked, other ones for each mode.
    """
    variants = list(dict.fromkeys(column.variant for column in table.columns))
    labels = list(dict.fromkeys(column.label for column in table.columns))
    looks = zip(islice(cycle(_COLOURS), len(variants)), cycle(_MARKERS), strict=False)
    by_variant = dict(zip(variants, looks, strict=True))
    step = math.ceil(table.cells["severity"].nunique() / _MOST_MARKERS)
    styles = {}
    for column in table.columns:
        colour, marker = by_variant[column.variant]
        number = variants.index(column.variant)
        is_hollow = number % 2 == 1
        styles[column] = {
            "color": colour,
            "marker": marker,
            "markevery": (number % step, step),
            "markersize": 3.2 if is_hollow else 5.2,
            "markerfacecolor": "white" if is_hollow else colour,
            "linestyle": _LINES[labels.index(column.label) % len(_LINES)],
        }
    return styles


def _draw_chance(axes: Axes, table: Table) -> None:
    for i, classes in enumerate(sorted(set(table.cells["num_classes"]))):
        axes.axhline(
            100 / classes,
            color="0.45",
            linewidth=0.8,
            linestyle=(0, (1, 2)),
            zorder=0,
            label="chance" if i == 0 else None,
        )


def _label(axes: Axes, table: Table) -> None:
    most = float(table.cells["severity"].max())
    axes.set_xlim(-0.02 * (most or 1), 1.02 * (most or 1))
    axes.set_ylim(0, 100)
    axes.set_xlabel(f"σ of {table.title}")
    axes.set_ylabel("accuracy, %")
    axes.grid(axis="y", color="0.9", linewidth=0.5)
    if stamp := limit_stamp(table):
        axes.set_title(stamp, fontsize=8, color="#D55E00", loc="left")
