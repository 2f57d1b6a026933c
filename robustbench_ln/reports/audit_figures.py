"""Accuracy against the number of images that share statistics, and what the stream does to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from robustbench_ln.modes import MODES
from robustbench_ln.reports.audit import SHUFFLED, condition_name
from robustbench_ln.reports.drawings import Drawing, draw_legend
from robustbench_ln.reports.figure_style import line_style
from robustbench_ln.runs.results import Cell, ModeResults
from robustbench_ln.spec import Condition

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["audit_drawings"]

_MOST_PANELS = 3


def audit_drawings(modes: Sequence[ModeResults]) -> Iterator[Drawing]:
    """Yield the figures of an audit: for each condition the sizes of sets, and the streams."""
    conditions = dict.fromkeys(condition for mode in modes for condition in mode.cells)
    for condition in conditions:
        name = condition_name(condition)
        ending = f"_{name.replace(' ', '_')}"
        own = [mode for mode in modes if condition in mode.cells]
        shuffled = [mode for mode in own if mode.any_record.order == SHUFFLED]
        yield Drawing(
            f"_set_size{ending}",
            f"Accuracy against the number of images that share statistics, {name}, shuffled "
            "images; bands and bars are 95 % Wilson intervals",
            partial(_draw_sizes, modes=shuffled, condition=condition),
            3.2,
        )
        streams = list(dict.fromkeys(mode.any_record.order for mode in own))
        with_sets = [mode for mode in own if _has_sets(mode)]
        if len(streams) > 1:
            yield Drawing(
                f"_streams{ending}",
                f"Accuracy against the number of images that share statistics, {name}, by the "
                "order of the images",
                partial(_draw_streams, modes=with_sets, condition=condition, streams=streams),
                2.7 * -(-len(_names(with_sets)) // _MOST_PANELS) + 0.3,
            )


def _has_sets(mode: ModeResults) -> bool:
    return MODES[mode.any_record.mode].layout in ("batch", "set")


def _names(modes: Sequence[ModeResults]) -> list[str]:
    return list(dict.fromkeys(mode.any_record.mode for mode in modes))


def _draw_sizes(canvas: Canvas, *, modes: Sequence[ModeResults], condition: Condition) -> None:
    axes = canvas.subplots()
    for number, name in enumerate(_names(modes)):
        own = [mode for mode in modes if mode.any_record.mode == name]
        style = line_style(number)
        if _has_sets(own[0]):
            _draw_curve(axes, own, condition, name, style)
        else:
            accuracy = 100 * own[0].cells[condition].accuracy
            axes.axhline(accuracy, color=style["color"], linestyle=":", label=name, linewidth=1.1)
    _finish(axes, modes)
    axes.set_ylabel("accuracy, %")
    draw_legend(canvas, axes, columns=3)


def _draw_streams(
    canvas: Canvas, *, modes: Sequence[ModeResults], condition: Condition, streams: Sequence[str]
) -> None:
    names = _names(modes)
    columns = min(len(names), _MOST_PANELS)
    grid = canvas.subplots(-(-len(names) // columns), columns, sharey=True, squeeze=False)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(grid.flat, names, strict=False):
        for number, stream in enumerate(streams):
            own = [m for m in modes if (m.any_record.mode, m.any_record.order) == (name, stream)]
            if own:
                _draw_curve(axes, own, condition, stream, line_style(number))
        axes.set_title(name, fontsize=8)
        _finish(axes, modes)
    for axes in grid[:, 0]:
        axes.set_ylabel("accuracy, %")
    draw_legend(canvas, grid[0, 0], columns=5)


def _draw_curve(
    axes: Axes,
    modes: Sequence[ModeResults],
    condition: Condition,
    name: str,
    style: dict[str, Any],
) -> None:
    points = sorted(
        ((mode.set_size, mode.cells[condition]) for mode in modes), key=lambda point: point[0]
    )
    sizes = [size for size, _ in points]
    cells: list[Cell] = [cell for _, cell in points]
    axes.plot(sizes, [100 * cell.accuracy for cell in cells], label=name, **style)
    low, high = ([100 * cell.interval[end] for cell in cells] for end in (0, 1))
    axes.fill_between(sizes, low, high, color=style["color"], alpha=0.13, linewidth=0)


def _finish(axes: Axes, modes: Sequence[ModeResults]) -> None:
    sizes = sorted({mode.set_size for mode in modes if _has_sets(mode)})
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, map(str, sizes), fontsize=7)
    axes.minorticks_off()
    axes.set_xlabel("images that share statistics")
    axes.grid(axis="y", color="0.9", linewidth=0.5)
