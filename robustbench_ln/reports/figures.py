"""Accuracy against sigma, drawn for one or two columns of a page."""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import cycle, islice
from types import MappingProxyType
from typing import Any, Literal

import matplotlib as mpl
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
_MARKERS = "os^DvP*Xd<>"
_LINES: tuple[Any, ...] = ("-", "--", ":", "-.")

_STYLE = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.6,
    "svg.hashsalt": "robustbench_ln",
    "svg.fonttype": "path",
}


def draw_figure(table: Table, *, inches: float, kind: Literal["png", "svg"]) -> bytes:
    """Return a figure of a noise table, as a file's content.

    A mode keeps its colour and marker, a run its line style. Bands are 95 % Wilson intervals.

    Args:
        table: Its rows are sigmas.
        inches: Width of the figure.
        kind: PNG has 200 dots an inch.
    """
    with mpl.rc_context():
        is_narrow = inches < 5
        figure = Figure(figsize=(inches, 2.4 if is_narrow else 3.2), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        _draw_lines(axes, table)
        _draw_chance(axes, table)
        _label(axes, table)
        figure.legend(
            loc="outside lower center" if is_narrow else "outside right upper",
            ncols=2 if is_narrow else 1,
            frameon=False,
            fontsize=6.5 if is_narrow else 7.5,
            handlelength=2.6,
            columnspacing=1.2,
        )
        buffer = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, dpi=200, metadata=metadata)
    return buffer.getvalue()


def _draw_lines(axes: Axes, table: Table) -> None:
    styles = _styles(table)
    for column, name in table.names.items():
        cells = table.cells[
            (table.cells["label"] == column.label) & (table.cells["variant"] == column.variant)
        ]
        sigmas = cells["severity"].to_numpy()
        axes.plot(sigmas, 100 * cells["accuracy"].to_numpy(), label=name, **styles[column])
        axes.fill_between(
            sigmas,
            100 * cells["low"].to_numpy(),
            100 * cells["high"].to_numpy(),
            color=styles[column]["color"],
            alpha=0.13,
            linewidth=0,
        )


def _styles(table: Table) -> dict[Column, dict[str, Any]]:
    """Return colour and marker by mode, line style by run."""
    variants = list(dict.fromkeys(column.variant for column in table.columns))
    labels = list(dict.fromkeys(column.label for column in table.columns))
    looks = zip(islice(cycle(_COLOURS), len(variants)), cycle(_MARKERS), strict=False)
    by_variant = dict(zip(variants, looks, strict=True))
    return {
        column: {
            "color": by_variant[column.variant][0],
            "marker": by_variant[column.variant][1],
            "linestyle": _LINES[labels.index(column.label) % len(_LINES)],
        }
        for column in table.columns
    }


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
    axes.set_xlabel(rf"$\sigma$ of {table.title}")
    axes.set_ylabel("accuracy, %")
    axes.grid(axis="y", color="0.9", linewidth=0.5)
    if stamp := limit_stamp(table):
        axes.set_title(stamp, fontsize=8, color="#D55E00", loc="left")
