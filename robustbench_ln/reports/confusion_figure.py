"""Confusion matrices over sigma, with the share of the most predicted class (arXiv 15 to 17)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.reports.captions import limit_stamp
from robustbench_ln.reports.drawings import (
    Drawing,
    PaperFigure,
    Piece,
    Sheet,
    pages_of,
    spread_rows,
)
from robustbench_ln.reports.family import Row
from robustbench_ln.reports.figure_style import title_of, wrap_label
from robustbench_ln.reports.numbers import percent
from robustbench_ln.reports.reduced import read_levels
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.columns import Columns
from robustbench_ln.runs.results import ModeResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["CONFUSION", "confusion_matrix", "most_predicted"]

_MODES_A_PAGE = 5
_PANEL = 1.6
"""Inches: width of a matrix with its numbers."""
_MOST_CLASSES = 1_000
"""Classes of the largest matrix that is drawn: of more, a dot has no room of its own."""
_MOST_TICKS, _FEWER_TICKS = 10, 5
"""Numbers of classes beside a matrix: of up to ten classes, and of more."""
_MOST_LINEAR = 20
"""Classes up to which colours are proportional to shares."""
_MOST_SHARP = 250
"""Classes up to which each has a dot of the picture for itself."""


class _Panel(NamedTuple):
    """One matrix: [K, K] numbers of images, by label and by predicted class."""

    mode: ModeResults
    row: Row
    matrix: NDArray[np.int64]


def confusion_matrix(
    labels: NDArray[np.int64], classes: NDArray[np.int32], num_classes: int
) -> NDArray[np.int64]:
    """Return [K, K]: numbers of images by label (row) and predicted class (column)."""
    flat = np.bincount(labels * num_classes + classes, minlength=num_classes**2)
    return flat.reshape(num_classes, num_classes)


def most_predicted(matrix: NDArray[np.int64]) -> tuple[int, float]:
    """Return the class that is predicted most, the lowest of several, and its share 0..1."""
    counts = matrix.sum(axis=0)
    return int(counts.argmax()), float(counts.max() / counts.sum())


def _make(tables: Sequence[Table], inches: float) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        modes = [mode for mode in table.modes if mode.has_predictions]
        for page in pages_of(modes, _MODES_A_PAGE):
            rows = spread_rows(table.sigma_rows, min(max(2, int(inches / _PANEL)), 4))
            panels = [p for mode in page.items for p in _read_panels(table, mode, rows)]
            if panels:
                pieces.append(_draw_page(table, panels, inches, page))
    return pieces


def _read_panels(table: Table, mode: ModeResults, rows: Sequence[Row]) -> list[_Panel]:
    classes = mode.run.num_classes
    found = read_levels(table, mode, rows if classes <= _MOST_CLASSES else ())
    return [
        _Panel(mode, row, confusion_matrix(outcome.labels, outcome.classes, classes))
        for row, outcome in found.items()
    ]


def _draw_page(
    table: Table, panels: Sequence[_Panel], inches: float, page: Sheet[ModeResults]
) -> Drawing:
    modes, columns = len({id(panel.mode) for panel in panels}), len({p.row for p in panels})
    words = (
        f"Confusion matrices under {table.title}: share of each class's images (rows) by predicted "
        "class (columns). Above each: accuracy, and the share of the most predicted class"
        f"{page.part}"
    )
    size = (min(inches, 0.9 + columns * _PANEL), 0.6 + 1.78 * modes)
    x_label = wrap_label(f"predicted class; {table.title}", size[0] - 0.5)
    fill = partial(_fill, panels=panels, x_label=x_label)
    ending = f"_{table.name}{page.ending}"
    return Drawing(ending, words, fill, size, None, limit_stamp(table), _numbers(panels))


def _numbers(panels: Sequence[_Panel]) -> Columns:
    rows = []
    for mode, row, matrix in panels:
        predicted, share = most_predicted(matrix)
        total = int(matrix.sum())
        rows.append(
            {
                "label": mode.run.label,
                "variant": mode.variant,
                "sigma": row.sigma,
                "total": total,
                "accuracy": float(np.trace(matrix)) / total,
                "most_predicted_class": predicted,
                "most_predicted_share": share,
                "most_frequent_label_share": float(matrix.sum(axis=1).max()) / total,
            }
        )
    return Columns.of_rows(rows)


def _fill(canvas: Canvas, *, panels: Sequence[_Panel], x_label: str) -> None:
    modes = list(dict.fromkeys(panel.mode for panel in panels))
    names = list(dict.fromkeys(panel.row.name for panel in panels))
    grid = canvas.subplots(len(modes), len(names), squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for panel in panels:
        axes = grid[modes.index(panel.mode), names.index(panel.row.name)]
        image = _draw_matrix(axes, panel)
    for axes, mode in zip(grid[:, 0], modes, strict=True):
        name = f"{title_of(mode.run.label, 22, 1)}\n{title_of(mode.title, 20)}"
        axes.set_ylabel(name, fontsize=7, fontweight="bold")
    canvas.supylabel("class", fontsize=8)
    canvas.supxlabel(x_label, fontsize=8)
    bar = canvas.colorbar(image, ax=grid[-1], location="right", pad=0.02, aspect=14)
    bar.set_label("of the class's images, %", fontsize=6)
    bar.ax.tick_params(labelsize=6, length=1.5)
    bar.ax.set_yticks([0, 25, 50, 75, 100] if image.norm.gamma == 1 else [0, 1, 5, 10, 25, 50, 100])


def _draw_matrix(axes: Axes, panel: _Panel) -> Any:
    """Draw shares, of many classes by their roots: most are small. Return the image."""
    from matplotlib.colors import PowerNorm

    matrix = panel.matrix
    of_class = 100 * matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    smoothing = "nearest" if len(matrix) <= _MOST_SHARP else "antialiased"
    axes.set_axis_on()
    norm = PowerNorm(1 if len(matrix) <= _MOST_LINEAR else 0.5, vmin=0, vmax=100)
    image = axes.imshow(of_class, cmap="Blues", norm=norm, interpolation=smoothing)
    _, share = most_predicted(matrix)
    accuracy = float(np.trace(matrix) / matrix.sum())
    axes.set_title(
        f"σ {panel.row.name}: {percent(accuracy)} % right,\n{percent(share)} % in one class",
        fontsize=6.5,
    )
    step = -(-len(matrix) // (_MOST_TICKS if len(matrix) <= _MOST_TICKS else _FEWER_TICKS))
    ticks = range(0, len(matrix), step)
    axes.set_xticks(ticks, map(str, ticks))
    axes.set_yticks(ticks, map(str, ticks))
    axes.tick_params(labelsize=5, length=1.5, pad=1.5)
    room = len(matrix) / 60
    axes.set_xlim(-0.5 - room, len(matrix) - 0.5 + room)  # a class at the edge is not the frame's
    axes.set_ylim(len(matrix) - 0.5 + room, -0.5 - room)
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.4, color="0.6")
    return image


CONFUSION = PaperFigure(
    name="confusion",
    title="Confusion matrices over sigma",
    make=_make,
    needs="no run under a noise kept its predictions, or it has more than 1,000 classes",
)
