"""Accuracy against the cost of a mode: forward passes an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from robustbench_ln.metrics.corruption_error import MEAN_ROW
from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.modes import MODES
from robustbench_ln.reports.captions import limit_stamp
from robustbench_ln.reports.drawings import Drawing, PaperFigure, Piece
from robustbench_ln.reports.family import Row
from robustbench_ln.reports.figure_keys import Key, KeyEntry, line_entries
from robustbench_ln.reports.figure_style import title_of, wrap_label
from robustbench_ln.reports.mode_styles import styles_of
from robustbench_ln.reports.numbers import general
from robustbench_ln.reports.panels import place_panels, split_networks
from robustbench_ln.reports.percent_axis import PercentAxis
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.columns import Columns
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["COST", "forward_passes"]

_ROTATIONS = 4
_PANEL = 2.0
"""Inches: least width of a network's panel."""
_STEP, _MOST_SPREAD = 0.2, 0.8
"""Powers of two between modes of as many passes, and between the first and the last of them."""


class _Point(NamedTuple):
    """A mode: its passes an image, and its accuracies; None where there is none."""

    mode: ModeResults
    passes: int
    clean: Estimate | None
    degraded: Estimate | None


def forward_passes(mode: ModeResults) -> int:
    """Return how often an image goes through the network.

    Under voting once for each group; four times as often where its rotations go with it.
    """
    record = mode.any_record
    how = MODES[record.mode]
    groups = record.num_groups if how.reduction == "vote" else 1
    return groups * (_ROTATIONS if how.layout == "rot90" else 1)


def _make(tables: Sequence[Table], inches: float) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        shared = _shared_row(table)
        points = [_point(table, mode, shared) for mode in table.modes]
        if len({point.passes for point in points}) < 2:
            continue
        words = f"Accuracy against forward passes an image, {table.title}: "
        if shared is not None:
            words += f"markers for the {shared.name}, the other ends of their lines "
        words += "for the clean images; modes of as many passes stand side by side"
        pieces.append(_draw(table, points, words, inches))
    return pieces


def _draw(table: Table, points: Sequence[_Point], words: str, inches: float) -> Drawing:
    found = [estimate for p in points for estimate in (p.clean, p.degraded)]
    has_intervals = any(p.degraded and p.degraded.interval for p in points)
    axis = replace(PercentAxis.of(table, found), has_intervals=has_intervals)
    clean = KeyEntry("clean images", {"color": "0.25", "marker": "_", "linestyle": "none"})
    notes = axis.notes(has_means=True, is_area=True)
    key = Key([*line_entries(table.modes, has_networks=False), clean, *notes], inches)
    rows = place_panels(len(table.by_run), inches, least=_PANEL).rows
    fill = partial(_fill, axis=axis, points=points, inches=inches)
    size = (inches, 0.5 + 2.1 * rows)
    return Drawing(f"_{table.name}", words, fill, size, key, limit_stamp(table), _numbers(points))


def _shared_row(table: Table) -> Row | None:
    """Return the mean over the 15, else over all but the clean images, if every mode has it.

    What only some modes were measured under is left out: means over other conditions cannot be
    compared.
    """
    shared = [r for r in table.rows if all(table.parts_of(r, m) for m in table.modes)]
    mean = next((row for row in shared if row.name.startswith(MEAN_ROW)), None)
    rows = [row for row in shared if not _is_clean(row) and not row.name.startswith(MEAN_ROW)]
    if mean is not None or not rows:
        return mean
    names = ", ".join(row.name for row in rows)
    where = "sigma" if rows[0].sigma is not None else "the corruptions"
    name = f"mean over {where} {names}" if len(rows) > 1 else f"accuracy under {where} {names}"
    return Row(name, tuple(part for row in rows for part in row.parts))


def _point(table: Table, mode: ModeResults, shared: Row | None) -> _Point:
    clean = next((table.estimate(row, mode) for row in table.rows if _is_clean(row)), None)
    degraded = None if shared is None else table.estimate(shared, mode)
    return _Point(mode, forward_passes(mode), clean, degraded)


def _is_clean(row: Row) -> bool:
    return all(place.severity == 0 for part in row.parts for place in part)


def _numbers(points: Sequence[_Point]) -> Columns:
    rows = [
        (p.mode.run.label, p.mode.variant, p.passes, *(e and e.value for e in p[2:]))
        for p in points
    ]
    columns = ["label", "variant", "forward_passes", "clean_accuracy", "degraded_accuracy"]
    return Columns.of_tuples(columns, rows)


def _fill(canvas: Canvas, *, axis: PercentAxis, points: Sequence[_Point], inches: float) -> None:
    """Draw a panel for each network."""
    table = axis.table
    networks = split_networks(table.modes)
    places = place_panels(len(networks), inches, least=_PANEL)
    panels = places.subplots(canvas, len(networks), sharex=True, sharey=True)
    styles = styles_of(table.modes)
    passes = sorted({point.passes for point in points})
    for axes, panel in zip(panels, networks, strict=True):
        for number in passes:
            of_number = [p for p in points if p.passes == number and p.mode in panel.modes]
            step = min(_STEP, _MOST_SPREAD / max(len(of_number), 1))
            for k, point in enumerate(of_number):
                x = number * 2 ** (step * (k - (len(of_number) - 1) / 2))  # side by side
                _draw_point(axes, point, x, styles[point.mode])
        axes.set_xscale("log", base=2)
        axes.set_xticks(passes, map(general, passes))
        axes.minorticks_off()
        axes.set_xlim(passes[0] / 1.6, passes[-1] * 1.6)
        axis.draw(axes)
        axes.set_title(title_of(panel.title, 30), fontsize=7.5)
    words = wrap_label(f"forward passes an image; {table.title}", inches - 0.5)
    canvas.supxlabel(words, fontsize=8)
    canvas.supylabel("accuracy, %", fontsize=8)


def _draw_point(axes: Axes, point: _Point, x: float, style: Mapping[str, Any]) -> None:
    """Draw a marker with its interval, and a line from it to a stroke for the clean images."""
    colour = style["color"]
    known = [100 * e.value for e in (point.clean, point.degraded) if e is not None]
    axes.plot([x] * len(known), known, color=colour, linewidth=0.7, zorder=2)
    if point.clean is not None:
        stroke = {"marker": "_", "markersize": 6, "color": colour, "markeredgewidth": 1.1}
        axes.plot([x], [100 * point.clean.value], zorder=3, **stroke)
    if point.degraded is not None:
        ends = [100 * end for end in point.degraded.interval or ()]
        axes.plot([x] * len(ends), ends, color=colour, linewidth=2.2, alpha=0.4, zorder=2)
        axes.plot([x], [100 * point.degraded.value], **style)


COST = PaperFigure(
    name="cost",
    title="Accuracy against forward passes an image",
    make=_make,
    needs="all modes take the same number of forward passes; voting and rot90 modes take more",
)
