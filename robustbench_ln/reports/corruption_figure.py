"""Accuracy under each common corruption, and against severity.

Dots, since eight modes' bars under 20 corruptions cannot be told apart; corruptions from top to
bottom, so that their names are read without turning the page. No line joins them: they are in no
order. The modes of a network stand one below the other in each row, so that intervals are seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.metrics.corruption_error import MEAN_ROW
from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.reports.captions import limit_stamp
from robustbench_ln.reports.curves import Curves
from robustbench_ln.reports.drawings import Drawing, Sheet, pages_of
from robustbench_ln.reports.family import Place, Row
from robustbench_ln.reports.figure_keys import Key, line_entries
from robustbench_ln.reports.figure_style import title_of, wrap_label
from robustbench_ln.reports.mode_styles import styles_of
from robustbench_ln.reports.panels import Panel, place_panels, split_networks
from robustbench_ln.reports.percent_axis import PercentAxis
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["draw_corruptions", "draw_severities", "severity_means"]

_COMPLETE = (["clean"], sorted(BENCHMARK_CORRUPTIONS))
_NAMES_WIDTH, _PANEL = 1.15, 1.35
"""Inches: room for the names of corruptions, and the least width of a network's panel."""
_LEAST_LINE, _MODE = 0.145, 0.03
"""Inches from one corruption to the next, at least, and for each mode."""
_AROUND, _LABEL_LINE, _STAMP = 0.7, 0.13, 0.17
"""Inches of what stands above and below the panels; of each further line of the axis's label, and
of the note that the images were limited."""


class _Place(NamedTuple):
    """How far down a name stands, and the row that it names; None for a family, which may be ""."""

    y: float
    name: str
    row: Row | None


def _places(table: Table, line: float) -> list[_Place]:
    """Return where rows and the names of their families stand, from top to bottom.

    Args:
        table: The table.
        line: Inches from one row to the next; above the next family's name is room for it.
    """
    places, y, half = [], 0.0, _LEAST_LINE / line / 2
    for group, rows in groupby(table.rows, key=lambda row: row.group):
        if group:
            y += half - 0.5
            places.append(_Place(y, group, None))
            y += half + 0.5
        for row in rows:
            name = row.name.replace(f"{MEAN_ROW} ", f"{MEAN_ROW}\n")
            extra = max(0.0, 2 * half * (1 + name.count("\n")) - 1)
            places.append(_Place(y + extra / 2, name, row))
            y += 1 + extra
    return places


def draw_corruptions(table: Table, inches: float) -> list[Drawing]:
    """Return the dots of a table of corruptions, a panel for each network."""
    if not table.family.has_severities:
        return []
    networks = split_networks(table.modes)
    side_by_side = place_panels(len(networks), inches - _NAMES_WIDTH, least=_PANEL).columns
    return [_draw_page(table, page, inches) for page in pages_of(networks, side_by_side)]


def _draw_page(table: Table, page: Sheet[Panel], inches: float) -> Drawing:
    panels, ending = page.items, f"_{table.name}{page.ending}"
    found = [table.estimate(row, mode) for mode in table.modes for row in table.rows]
    axis = PercentAxis.of(table, found)
    modes = [mode for panel in panels for mode in panel.modes]
    key = Key([*line_entries(modes, has_networks=False), *axis.notes()], inches)
    line = max(_LEAST_LINE, _MODE * (1 + max(len(panel.modes) for panel in panels)))
    places = _places(table, line)
    label = _axis_label(table, inches)
    around = _AROUND + _LABEL_LINE * label.count("\n") + _STAMP * bool(limit_stamp(table))
    height = around + line * (places[-1].y + 1.4)
    fill = partial(_fill, axis=axis, panels=panels, places=places)
    words = f"Accuracy under each corruption: {table.title}{page.part}"
    return Drawing(ending, words, fill, (inches, height), key, limit_stamp(table))


def _fill(
    canvas: Canvas, *, axis: PercentAxis, panels: Sequence[Panel], places: Sequence[_Place]
) -> None:
    grid = canvas.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, panel in zip(grid, panels, strict=True):
        _draw_panel(axes, axis.table, panel, places)
        axis.draw(axes, "x")
        axes.set_title(title_of(panel.title, 60 // len(panels)), fontsize=7.5)
    grid[0].set_yticks([place.y for place in places], [place.name for place in places])
    for text, place in zip(grid[0].get_yticklabels(), places, strict=True):
        text.set_fontweight("normal" if place.row else "bold")
    grid[0].set_ylim(places[-1].y + 0.7, -0.7)
    canvas.supxlabel(_axis_label(axis.table, canvas.bbox.width / canvas.dpi), fontsize=8)


def _axis_label(table: Table, inches: float) -> str:
    return wrap_label(f"{table.family.words(table)}; {table.title}", inches - 0.3)


def _draw_panel(axes: Axes, table: Table, panel: Panel, places: Sequence[_Place]) -> None:
    """Draw a network's modes one below the other, on a pale stripe for every second corruption."""
    styles = styles_of(table.modes)
    step = 0.8 / len(panel.modes)
    for place in [place for place in places if place.row][::2]:
        axes.axhspan(place.y - 0.5, place.y + 0.5, color="0.95", linewidth=0, zorder=0)
    for number, mode in enumerate(panel.modes):
        style = styles[mode] | {"linestyle": "none"}
        found = [(p.y, table.estimate(p.row, mode)) for p in places if p.row]
        shift = (number - (len(panel.modes) - 1) / 2) * step
        dots = [(100 * e.value, y + shift, e.interval) for y, e in found if e is not None]
        axes.plot([x for x, _, _ in dots], [y for _, y, _ in dots], clip_on=False, **style)
        for _, y, interval in dots:
            if interval is not None:
                ends = [100 * interval.low, 100 * interval.high]
                axes.plot(ends, [y, y], color=style["color"], linewidth=0.8, zorder=2)
    axes.tick_params(axis="y", length=0)


def severity_means(table: Table) -> dict[ModeResults, dict[float, Estimate]]:
    """Return mode -> severity -> mean accuracy over the 15, and the clean one at severity 0.

    A severity is left out of a mode where one of the 15 is missing, or there are two of frost.
    """
    means: dict[ModeResults, dict[float, Estimate]] = {}
    for mode, cells in table.cells.items():
        by_severity: dict[float, list[Place]] = {}
        for place in cells:
            if place.corruption in ("clean", *BENCHMARK_CORRUPTIONS):
                by_severity.setdefault(place.severity, []).append(place)
        means[mode] = {
            severity: estimate
            for severity, places in sorted(by_severity.items())
            if sorted(place.corruption for place in places) in _COMPLETE
            and (estimate := table.estimate(Row("", tuple((p,) for p in places)), mode))
        }
    return means


def draw_severities(table: Table, inches: float) -> list[Drawing]:
    """Return the mean over the 15 against severity, 0 being the clean images."""
    if not table.family.has_severities:
        return []
    means = severity_means(table)
    if max(len(points.keys() - {0}) for points in means.values()) < 2:
        return []
    kinds = sorted({record.frost for record in table.records if record.frost})
    frost = f" ({' and '.join(kinds)} frost)" if kinds not in ([], ["photographs"]) else ""
    curves = Curves(
        table,
        means,
        f"severity, 0 is clean; {table.title}",
        f"accuracy in %, {MEAN_ROW}{frost}",
        inches,
        is_whole=True,
    )
    words = f"Mean accuracy against severity: {table.title}"
    return [curves.drawing(f"_{table.name}_severity", words)]
