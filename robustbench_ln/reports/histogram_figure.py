"""RGB histograms under growing noise (arXiv 1, 12 and 13; ICANN 1)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.reports.captions import limit_stamp
from robustbench_ln.reports.drawings import (
    Drawing,
    PaperFigure,
    Piece,
    find_kept,
    spread_rows,
)
from robustbench_ln.reports.figure_keys import Key, KeyEntry
from robustbench_ln.reports.figure_style import wrap_label
from robustbench_ln.reports.numbers import percent
from robustbench_ln.reports.panels import Places, place_panels
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.columns import Columns
from robustbench_ln.runs.seen_images import ABOVE, BELOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["HISTOGRAM"]

Shares = NDArray[np.float64]

_COLOURS = {3: (("R", "#D55E00"), ("G", "#009E73"), ("B", "#0072B2")), 1: (("grey", "0.2"),)}


def _make(tables: Sequence[Table], inches: float) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        shares = _find_shares(table)
        if len(shares) > 1:
            words = f"Histograms of the grey levels of all images under {table.title}"
            places = place_panels(len(shares), inches, least=1.5)
            x_label = wrap_label(f"grey level; {table.title}", inches - 0.5)
            fill = partial(_fill, shares=shares, places=places, x_label=x_label)
            names = _COLOURS[len(next(iter(shares.values())))]
            key = Key([KeyEntry(name, {"color": colour}) for name, colour in names], inches)
            size = (inches, 0.6 + 1.6 * places.rows)
            stamp, numbers = limit_stamp(table), _numbers(shares)
            pieces.append(Drawing(f"_{table.name}", words, fill, size, key, stamp, numbers))
    return pieces


def _find_shares(table: Table) -> dict[str, Shares]:
    """Return sigma -> [C, 258] shares, of the first run that kept histograms."""
    kept = find_kept(table, spread_rows(table.sigma_rows))
    histograms = {row.name: seen.histogram for row, seen in kept.items()}
    return {sigma: h / h.sum(axis=1, keepdims=True) for sigma, h in histograms.items()}


def _numbers(shares: dict[str, Shares]) -> Columns:
    """Return a row for each sigma, channel and bin."""
    rows = [
        (sigma, name, _bin_name(k), value)
        for sigma, of_channels in shares.items()
        for (name, _), values in zip(_COLOURS[len(of_channels)], of_channels, strict=True)
        for k, value in enumerate(values)
    ]
    return Columns.of_tuples(["sigma", "channel", "level", "share"], rows)


def _bin_name(k: int) -> str:
    return {BELOW: "below 0", ABOVE: "above 255"}.get(k, str(k - 1))


def _fill(canvas: Canvas, *, shares: dict[str, Shares], places: Places, x_label: str) -> None:
    panels = places.subplots(canvas, len(shares), sharex=True, sharey=True)
    inner = max(float(s[:, BELOW + 2 : ABOVE - 1].max()) for s in shares.values())
    for axes, (sigma, of_channels) in zip(panels, shares.items(), strict=True):
        _draw_panel(axes, of_channels)
        axes.set_title(f"σ {sigma}", fontsize=8)
        axes.set_ylim(0, 140 * inner or 1)
    canvas.supxlabel(x_label, fontsize=8)
    canvas.supylabel("values, %", fontsize=8)


def _draw_panel(axes: Axes, of_channels: Shares) -> None:
    """Draw a line for each channel; what is at the ends is written, for it would dwarf the rest."""
    for (_, colour), values in zip(_COLOURS[len(of_channels)], of_channels, strict=True):
        axes.step(
            range(1, 255), 100 * values[BELOW + 2 : ABOVE - 1], where="mid", color=colour,
            linewidth=0.7,
        )  # fmt: skip
    mean = of_channels.mean(axis=0)
    ends = {"< 0": mean[BELOW], "0": mean[BELOW + 1], "255": mean[ABOVE - 1], "> 255": mean[ABOVE]}
    lines = [f"{name}: {percent(value)} %" for name, value in ends.items() if value >= 0.0005]
    axes.annotate(
        "\n".join(lines), (0.97, 0.97), xycoords="axes fraction", ha="right", va="top", fontsize=6.5
    )
    axes.set_xlim(-3, 258)
    axes.set_xticks([0, 128, 255])


HISTOGRAM = PaperFigure(
    name="histogram",
    title="RGB histograms under growing noise",
    make=_make,
    needs="no run kept histograms under a noise at two sigmas (runs of schema 1 and 2 have none)",
)
