"""Accuracy against the number of images that share statistics, and what the stream does to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from robustbench_ln.modes import MODES
from robustbench_ln.reports.audit import SHUFFLED, condition_name
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.figure_keys import Key, KeyEntry
from robustbench_ln.reports.figure_style import WIDTH, percent_ticks, set_percents
from robustbench_ln.reports.mode_styles import level_style, style_mode
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.spec import Condition

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["audit_drawings"]

_MOST_PANELS = 3
_SIZES = "Accuracy against the number of images that share statistics"
_INTERVALS = "bands are 95 % Wilson intervals"
_SHUFFLED_STYLE: Mapping[str, Any] = {
    "color": "#000000", "marker": "o", "markersize": 3.6, "markeredgecolor": "white",
    "markeredgewidth": 0.3,
}  # fmt: skip


def audit_drawings(modes: Sequence[ModeResults]) -> Iterator[Drawing]:
    """Yield the figures of an audit: for each condition the sizes of sets, and the streams."""
    conditions = dict.fromkeys(condition for mode in modes for condition in mode.cells)
    for condition in conditions:
        own = [mode for mode in modes if condition in mode.cells]
        shuffled = [mode for mode in own if mode.any_record.order == SHUFFLED]
        with_sets = [mode for mode in own if _has_sets(mode)]
        yield _sizes_drawing(shuffled, condition)
        if len(_streams(own)) > 1:
            yield _streams_drawing(with_sets, condition)


def _sizes_drawing(modes: Sequence[ModeResults], condition: Condition) -> Drawing:
    name = condition_name(condition)
    return Drawing(
        f"_set_size_{name.replace(' ', '_')}",
        f"{_SIZES}, {name}, shuffled images; dotted lines are modes without sets; {_INTERVALS}",
        partial(_draw_sizes, modes=modes, condition=condition),
        (WIDTH, 3.0),
        Key([KeyEntry(MODES[mode].title, _mode_style(mode)) for mode in _names(modes)], WIDTH),
    )


def _streams_drawing(modes: Sequence[ModeResults], condition: Condition) -> Drawing:
    name = condition_name(condition)
    styles = _stream_styles(modes)
    return Drawing(
        f"_streams_{name.replace(' ', '_')}",
        f"{_SIZES}, {name}, by the order of the images; {_INTERVALS}",
        partial(_draw_streams, modes=modes, condition=condition, styles=styles),
        (WIDTH, 0.2 + 2.3 * -(-len(_names(modes)) // _MOST_PANELS)),
        Key([KeyEntry(stream, style) for stream, style in styles.items()], WIDTH),
    )


def _has_sets(mode: ModeResults) -> bool:
    return MODES[mode.any_record.mode].layout in ("batch", "set")


def _names(modes: Sequence[ModeResults]) -> list[str]:
    return list(dict.fromkeys(mode.any_record.mode for mode in modes))


def _streams(modes: Sequence[ModeResults]) -> list[str]:
    return list(dict.fromkeys(mode.any_record.order for mode in modes))


def _mode_style(mode: str) -> dict[str, Any]:
    """Return how to plot a mode: as everywhere; one without sets is a dotted line."""
    style = style_mode(mode)
    if MODES[mode].layout in ("batch", "set"):
        return style
    return {"color": style["color"], "linestyle": ":", "linewidth": 1.4}


def _stream_styles(modes: Sequence[ModeResults]) -> dict[str, Mapping[str, Any]]:
    """Return how to plot each stream: the usual order has the stream that keeps classes first."""
    others = [stream for stream in _streams(modes) if stream != SHUFFLED]
    levels = others[::-1]  # the darkest is the one that keeps classes together
    return {SHUFFLED: _SHUFFLED_STYLE} | {name: level_style(name, levels) for name in others}


def _draw_sizes(canvas: Canvas, *, modes: Sequence[ModeResults], condition: Condition) -> None:
    axes = canvas.subplots()
    for name in _names(modes):
        own = [mode for mode in modes if mode.any_record.mode == name]
        style = _mode_style(name)
        if _has_sets(own[0]):
            _draw_curve(axes, own, condition, style)
        else:
            axes.axhline(100 * own[0].cells[condition].accuracy, **style)
    _finish(axes, modes, condition)
    _name_axis(canvas, condition)
    axes.set_ylabel("accuracy, %")


def _draw_streams(
    canvas: Canvas,
    *,
    modes: Sequence[ModeResults],
    condition: Condition,
    styles: Mapping[str, Mapping[str, Any]],
) -> None:
    names = _names(modes)
    columns = min(len(names), _MOST_PANELS)
    grid = canvas.subplots(-(-len(names) // columns), columns, sharey=True, squeeze=False)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(grid.flat, names, strict=False):
        for stream, style in styles.items():
            own = [m for m in modes if (m.any_record.mode, m.any_record.order) == (name, stream)]
            _draw_curve(axes, own, condition, style)
        axes.set_title(MODES[name].title, fontsize=8)
        _finish(axes, modes, condition)
    _name_axis(canvas, condition)
    for axes in grid[:, 0]:
        axes.set_ylabel("accuracy, %")


def _draw_curve(
    axes: Axes, modes: Sequence[ModeResults], condition: Condition, style: Mapping[str, Any]
) -> None:
    by_size = {mode.set_size: mode.cells[condition] for mode in modes}
    cells = {size: by_size[size] for size in sorted(by_size)}
    axes.plot([*cells], [100 * cell.accuracy for cell in cells.values()], **style)
    low, high = ([100 * cell.interval[end] for cell in cells.values()] for end in (0, 1))
    axes.fill_between([*cells], low, high, color=style["color"], alpha=0.12, linewidth=0)


def _name_axis(canvas: Canvas, condition: Condition) -> None:
    canvas.supxlabel(f"images that share statistics; {condition_name(condition)}", fontsize=8)


def _finish(axes: Axes, modes: Sequence[ModeResults], condition: Condition) -> None:
    sizes = sorted({mode.set_size for mode in modes if _has_sets(mode)})
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, map(str, sizes), fontsize=7)
    axes.minorticks_off()
    axes.grid(axis="y", color="0.9", linewidth=0.5)
    ends = [100 * end for mode in modes for end in mode.cells[condition].interval]
    set_percents(axes, "y", percent_ticks(ends))
