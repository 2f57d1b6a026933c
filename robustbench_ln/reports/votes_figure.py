"""How far the groups' agreement says whether their vote is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from robustbench_ln.metrics.intervals import wilson_interval
from robustbench_ln.modes import MODES
from robustbench_ln.reports.captions import limit_stamp
from robustbench_ln.reports.drawings import (
    Drawing,
    PaperFigure,
    Piece,
    pages_of,
    spread_rows,
)
from robustbench_ln.reports.figure_keys import Key, KeyEntry
from robustbench_ln.reports.figure_style import title_of, wrap_label
from robustbench_ln.reports.mode_styles import level_style
from robustbench_ln.reports.numbers import general
from robustbench_ln.reports.percent_axis import draw_percent_grid
from robustbench_ln.reports.reduced import Outcome, read_levels
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.columns import Columns
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["VOTES"]

_PANEL = 1.5
"""Inches: least width of a mode's panels."""
_FEWEST_IMAGES = 5
"""Images with one agreement, below which their accuracy is not drawn."""

Outcomes = Mapping[str, Outcome]
"""Row's name -> what was said of each image."""


def _make(tables: Sequence[Table], inches: float) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        voting = [m for m in table.modes if MODES[m.any_record.mode].reduction == "vote"]
        found = {mode: read for mode in voting if (read := _read(table, mode))}
        for page in pages_of(list(found), int(inches / _PANEL)):
            part = {mode: found[mode] for mode in page.items}
            words = (
                f"Share of the groups that agree on the vote, against accuracy, {table.title}: "
                "95 % Wilson intervals, and below how many images have that agreement, by its "
                f"logarithm{page.part}"
            )
            x_label = wrap_label(f"groups that agree, %; {table.title}", inches - 0.5)
            fill = partial(_fill, found=part, x_label=x_label)
            name, stamp, key = f"_{table.name}{page.ending}", limit_stamp(table), _key(part, inches)
            pieces.append(Drawing(name, words, fill, (inches, 3.2), key, stamp, _numbers(part)))
    return pieces


def _key(found: Mapping[ModeResults, Outcomes], inches: float) -> Key:
    entries = [KeyEntry(f"σ {name}", level_style(name, _names(found))) for name in _names(found)]
    equal = {"color": "0.6", "linewidth": 0.7, "linestyle": (0, (1, 2))}
    return Key([*entries, KeyEntry("accuracy equal to the agreement", equal)], inches)


def _names(found: Mapping[ModeResults, Outcomes]) -> list[str]:
    return list(dict.fromkeys(name for outcomes in found.values() for name in outcomes))


def _read(table: Table, mode: ModeResults) -> Outcomes:
    found = read_levels(table, mode, spread_rows(table.sigma_rows))
    return {row.name: outcome for row, outcome in found.items()}


def _counts(outcome: Outcome) -> list[tuple[float, int, int]]:
    """Return (agreement, images, right ones), from the least agreement to the most."""
    levels, which = np.unique(outcome.agreement.round(9), return_inverse=True)
    totals, right = np.bincount(which), np.bincount(which, weights=outcome.correct)
    return [(float(a), int(n), int(k)) for a, n, k in zip(levels, totals, right, strict=True)]


def _numbers(found: Mapping[ModeResults, Outcomes]) -> Columns:
    rows = [
        (mode.run.label, mode.variant, sigma, *counts)
        for mode, outcomes in found.items()
        for sigma, outcome in outcomes.items()
        for counts in _counts(outcome)
    ]
    columns = ["label", "variant", "sigma", "agreement", "total", "correct"]
    return Columns.of_tuples(columns, rows)


def _fill(canvas: Canvas, *, found: Mapping[ModeResults, Outcomes], x_label: str) -> None:
    names = _names(found)
    grid = canvas.subplots(
        2, len(found), sharex="col", sharey="row", height_ratios=(2.4, 1), squeeze=False
    )
    for (upper, lower), (mode, outcomes) in zip(grid.T, found.items(), strict=True):
        width = 80 * _least_gap(outcomes) / len(names)
        for name, outcome in outcomes.items():
            offset = (names.index(name) - (len(names) - 1) / 2) * width  # side by side
            style = level_style(name, names)
            _draw_accuracies(upper, outcome, style, offset)
            _draw_shares(lower, outcome, style["color"], offset, width)
        upper.plot([0, 100], [0, 100], color="0.6", linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)
        title = [mode.run.label, mode.title]
        letters = 26 if len(found) > 1 else 60
        upper.set_title("\n".join(title_of(part, letters, 1) for part in title), fontsize=7.5)
        upper.set_ylim(-3, 103)
        upper.set_xlim(_left_limit(outcomes), 109)
        for axes in (upper, lower):
            draw_percent_grid(axes)
    grid[0, 0].set_ylabel("accuracy, %")
    grid[1, 0].set_ylabel("images, %")
    _set_shares(grid[1, 0], found)
    canvas.supxlabel(x_label, fontsize=8)


def _set_shares(axes: Axes, found: Mapping[ModeResults, Outcomes]) -> None:
    """Set a logarithmic axis, as nearly all images may agree, that shows a single image."""
    most = max(len(o.labels) for outcomes in found.values() for o in outcomes.values())
    least = 100 / most
    axes.set_yscale("log")
    axes.set_ylim(least / 2, 160)
    ticks = [tick for tick in (0.001, 0.01, 0.1, 1, 10, 100) if tick >= least / 2]
    axes.set_yticks(ticks, map(general, ticks))
    axes.minorticks_off()


def _left_limit(outcomes: Outcomes) -> float:
    """Return where the axis begins, in percent: somewhat below the least agreement."""
    least = min(float(outcome.agreement.min()) for outcome in outcomes.values())
    return max(0.0, 100 * least - 12)


def _least_gap(outcomes: Outcomes) -> float:
    """Return the least difference between two agreements, 0..1."""
    levels = np.unique(np.concatenate([o.agreement.round(9) for o in outcomes.values()]))
    return float(min(np.diff(levels), default=0.1))


def _draw_accuracies(axes: Axes, outcome: Outcome, style: dict[str, Any], offset: float) -> None:
    """Draw the accuracy at each agreement of enough images, with its interval."""
    shown = [counts for counts in _counts(outcome) if counts[1] >= _FEWEST_IMAGES]
    for agreement, n, k in shown:
        ends = [100 * end for end in wilson_interval(k, n)]
        axes.plot([100 * agreement + offset] * 2, ends, color=style["color"], linewidth=0.7)
    places = [100 * agreement + offset for agreement, _, _ in shown]
    axes.plot(places, [100 * k / n for _, n, k in shown], **style)


def _draw_shares(axes: Axes, outcome: Outcome, colour: str, offset: float, width: float) -> None:
    """Draw the share of the images that have each agreement."""
    counts, images = _counts(outcome), len(outcome.labels)
    places = [100 * agreement + offset for agreement, _, _ in counts]
    axes.bar(places, [100 * n / images for _, n, _ in counts], width, color=colour)


VOTES = PaperFigure(
    name="votes",
    title="Agreement of votes against correctness",
    make=_make,
    needs="no run of a voting mode under a noise kept its predictions",
)
