"""Accuracy against the number of images that share statistics, and what the stream does to it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from robustbench_ln.modes import MODES
from robustbench_ln.reports.audit import SHUFFLED, condition_name
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.families import family_of
from robustbench_ln.reports.figure_keys import Key, KeyEntry
from robustbench_ln.reports.figure_style import WIDTH, wrap_label
from robustbench_ln.reports.mode_styles import level_style, style_mode
from robustbench_ln.reports.numbers import general
from robustbench_ln.reports.percent_axis import percent_ticks, set_percents
from robustbench_ln.runs.results import Cell, ModeResults
from robustbench_ln.runs.variants import without_options
from robustbench_ln.spec import Condition
from robustbench_ln.texts.safe import one_line, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["audit_drawings"]

_MOST_PANELS = 3
_LONGEST = 40
_SIZES = "Accuracy against the number of images that share statistics"
_INTERVALS = "bands are 95 % Wilson intervals"
_SHUFFLED_STYLE: Mapping[str, Any] = {
    "color": "0.45", "linestyle": (0, (4, 2)), "marker": "o", "markersize": 3.6,
    "markeredgecolor": "white", "markeredgewidth": 0.3,
}  # fmt: skip


def audit_drawings(modes: Sequence[ModeResults], label: str) -> Iterator[Drawing]:
    """Yield the figures of an audit: for each condition the sizes of sets, and the streams.

    Streams that mix conditions have one figure together.

    Args:
        modes: Those of all streams.
        label: What the network is called.
    """
    below = f"{shorten(one_line(label), _LONGEST)}: images that share statistics"
    pure = [mode for mode in modes if mode.any_record.parts is None]
    for condition in dict.fromkeys(condition for mode in pure for condition in mode.cells):
        own = [mode for mode in pure if condition in mode.cells]
        name = condition_name(condition)
        of_condition = f"{below}; {_describe(condition)}"
        shuffled = [mode for mode in own if _stream(mode) == SHUFFLED]
        yield _sizes_drawing(shuffled, condition, of_condition)
        with_sets = [mode for mode in own if _has_sets(mode)]
        curves = {mode: _curve_of(mode.cells[condition]) for mode in with_sets}
        if len(_streams(own)) > 1:
            words = f"{_SIZES}, {name}, by the order of the images; {_INTERVALS}"
            yield _streams_drawing(name.replace(" ", "_"), words, curves, of_condition)
    mixed = [mode for mode in modes if mode.any_record.parts is not None]
    if mixed:
        shuffled = [mode for mode in pure if _has_sets(mode) and _stream(mode) == SHUFFLED]
        curves = {mode: _mean_over(mode) for mode in shuffled}
        curves |= {mode: _curve_of(next(iter(mode.cells.values()))) for mode in mixed}
        words = f"{_SIZES}, where each image has one of several conditions; {_INTERVALS}; shuffled "
        words += "images are the mean over them"
        yield _streams_drawing("conditions", words, curves, below)


def _describe(condition: Condition) -> str:
    """Return a condition in words."""
    if condition.is_clean:
        return "clean images"
    strength = general(condition.severity)
    if condition.convention is not None:
        return f"{family_of(condition).title}, σ {strength}"
    return f"{condition.corruption.replace('_', ' ')}, severity {strength}"


class _Point(NamedTuple):
    """Accuracy 0..1 with its interval."""

    accuracy: float
    low: float
    high: float


def _curve_of(cell: Cell) -> _Point:
    return _Point(cell.accuracy, *cell.interval)


def _mean_over(mode: ModeResults) -> _Point:
    """Return the mean over all conditions, without an interval."""
    mean = fmean(cell.accuracy for cell in mode.cells.values())
    return _Point(mean, math.nan, math.nan)


def _sizes_drawing(modes: Sequence[ModeResults], condition: Condition, below: str) -> Drawing:
    name = condition_name(condition)
    return Drawing(
        f"_set_size_{name.replace(' ', '_')}",
        f"{_SIZES}, {name}, shuffled images; dotted lines are modes without sets; {_INTERVALS}",
        partial(_draw_sizes, modes=modes, condition=condition, below=below),
        (WIDTH, 3.0),
        Key([KeyEntry(name, style) for name, style in _mode_styles(modes).items()], WIDTH),
    )


def _streams_drawing(
    ending: str, words: str, points: Mapping[ModeResults, _Point], below: str
) -> Drawing:
    modes = [*points]
    styles = _stream_styles(modes)
    return Drawing(
        f"_streams_{ending}",
        words,
        partial(_draw_streams, points=points, styles=styles, below=below),
        (WIDTH, 0.2 + 2.3 * -(-len(_names(modes)) // _columns(modes))),
        Key([KeyEntry(stream, style) for stream, style in styles.items()], WIDTH),
    )


def _has_sets(mode: ModeResults) -> bool:
    return MODES[mode.any_record.mode].layout in ("batch", "set")


def _name(mode: ModeResults) -> str:
    is_sliding = mode.any_record.sharing == "sliding"
    title = without_options(mode.title)
    return f"{title}, sliding" if is_sliding else title


def _names(modes: Sequence[ModeResults]) -> list[str]:
    return list(dict.fromkeys(map(_name, modes)))


def _columns(modes: Sequence[ModeResults]) -> int:
    """Return the panels side by side; four are two rows of two."""
    number = len(_names(modes))
    return 2 if number == 4 else min(number, _MOST_PANELS)


def _stream(mode: ModeResults) -> str:
    return mode.any_record.order


def _streams(modes: Sequence[ModeResults]) -> list[str]:
    return list(dict.fromkeys(map(_stream, modes)))


def _mode_styles(modes: Sequence[ModeResults]) -> dict[str, dict[str, Any]]:
    """Return how to plot each mode: as everywhere; one without sets is a dotted line."""
    styles: dict[str, dict[str, Any]] = {}
    for mode in modes:
        is_sliding = mode.any_record.sharing == "sliding"
        style = style_mode(mode.any_record.mode, variant=int(is_sliding))
        if not _has_sets(mode):
            style = {"color": style["color"], "linestyle": ":", "linewidth": 1.4}
        styles.setdefault(_name(mode), style)
    return styles


def _stream_styles(modes: Sequence[ModeResults]) -> dict[str, Mapping[str, Any]]:
    """Return how to plot each stream: the usual order has the stream that keeps classes first."""
    others = [stream for stream in _streams(modes) if stream != SHUFFLED]
    levels = others[::-1]  # the darkest is the one that keeps classes together
    return {SHUFFLED: _SHUFFLED_STYLE} | {name: level_style(name, levels) for name in others}


def _draw_sizes(
    canvas: Canvas, *, modes: Sequence[ModeResults], condition: Condition, below: str
) -> None:
    axes = canvas.subplots()
    points = {mode: _curve_of(mode.cells[condition]) for mode in modes}
    for name, style in _mode_styles(modes).items():
        own = {mode: point for mode, point in points.items() if _name(mode) == name}
        if _has_sets(next(iter(own))):
            _draw_curve(axes, own, style)
        else:
            axes.axhline(100 * next(iter(own.values())).accuracy, **style)
    _finish(axes, points)
    canvas.supxlabel(wrap_label(below, WIDTH - 0.5), fontsize=8)
    axes.set_ylabel("accuracy, %")


def _draw_streams(
    canvas: Canvas,
    *,
    points: Mapping[ModeResults, _Point],
    styles: Mapping[str, Mapping[str, Any]],
    below: str,
) -> None:
    names = _names([*points])
    columns = _columns([*points])
    grid = canvas.subplots(-(-len(names) // columns), columns, sharey=True, squeeze=False)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(grid.flat, names, strict=False):
        for stream, style in styles.items():
            own = {m: p for m, p in points.items() if (_name(m), _stream(m)) == (name, stream)}
            _draw_curve(axes, own, style)
        axes.set_title(name, fontsize=8)
        _finish(axes, points)
    canvas.supxlabel(wrap_label(below, WIDTH - 0.5), fontsize=8)
    for axes in grid[:, 0]:
        axes.set_ylabel("accuracy, %")


def _draw_curve(axes: Axes, points: Mapping[ModeResults, _Point], style: Mapping[str, Any]) -> None:
    by_size = {mode.set_size: point for mode, point in points.items()}
    sizes = sorted(by_size)
    accuracy, low, high = ([100 * by_size[size][place] for size in sizes] for place in range(3))
    axes.plot(sizes, accuracy, **style)
    axes.fill_between(sizes, low, high, color=style["color"], alpha=0.12, linewidth=0)


def _finish(axes: Axes, points: Mapping[ModeResults, _Point]) -> None:
    sizes = sorted({mode.set_size for mode in points if _has_sets(mode)})
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, map(str, sizes), fontsize=7)
    axes.minorticks_off()
    axes.grid(axis="y", color="0.9", linewidth=0.5)
    ends = [100 * end for point in points.values() for end in point if math.isfinite(end)]
    set_percents(axes, "y", percent_ticks(ends))
