"""Accuracy against sigma, with a row of the noisy images above (ICANN 6, arXiv 7 to 9)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.reports.curve_figure import CURVES
from robustbench_ln.reports.drawings import (
    WIDTH,
    Drawing,
    PaperFigure,
    Piece,
    draw_legend,
    find_kept,
    legend_name,
    stamp_limit,
)
from robustbench_ln.reports.noise_family import NoiseFamily
from robustbench_ln.reports.numbers import general
from robustbench_ln.reports.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["IMAGES"]

Picture = NDArray[np.uint8]

_SIDE = 0.52
"""Inches of a shown image's longer side."""
_MOST_PIXELS = 200


def _make(tables: Sequence[Table]) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        pictures = _find_pictures(table)
        if len(pictures) > 1:
            words = f"Accuracy against the sigma of {table.title}, below one of the images"
            fill = partial(_fill, table=table, pictures=pictures)
            height = 3.3 + 0.14 * (1 + (len(table.modes) + len(table.by_run)) // 3)
            pieces.append(Drawing(f"_{table.name}", words, fill, height))
    return pieces


def _find_pictures(table: Table) -> dict[float, Picture]:
    """Return sigma -> the first sample of the first run that kept samples; {} for other tables."""
    if not isinstance(table.family, NoiseFamily):
        return {}
    kept = find_kept(table, table.rows, with_samples=True)
    return {row.sigma or 0.0: seen.samples[0] for row, seen in kept.items()}


def _fill(canvas: Canvas, *, table: Table, pictures: dict[float, Picture]) -> None:
    strip, axes = canvas.subplots(2, 1, sharex=True, height_ratios=(1, 3.6))
    CURVES.draw(axes, table)
    strip.set_axis_off()
    strip.set_ylim(0, 1)
    low, high = axes.get_xlim()
    room = (high - low) * (_SIDE * 1.12) / (WIDTH - 0.7)
    for sigma in _choose_apart(sorted(pictures), room):
        _place_picture(strip, sigma, pictures[sigma])
    stamp_limit(canvas, table)
    _name_runs(axes, table)
    draw_legend(canvas, axes, columns=3)


def _name_runs(axes: Axes, table: Table) -> None:
    """Write each curve's run beside its mode: the heads of runs would part from their modes."""
    names = iter(table.names[mode] for modes in table.by_run.values() for mode in modes)
    variants = {mode.variant for mode in table.modes}
    for line in axes.get_lines():
        label = str(line.get_label())
        if label in variants:
            line.set_label(legend_name(next(names)))
        elif label.startswith(" "):
            line.set_label("_")


def _choose_apart(sigmas: Sequence[float], room: float) -> list[float]:
    """Return the first, the last, and of the others as many as stand so far apart."""
    chosen = [sigmas[0]]
    for sigma in sigmas[1:-1]:
        if sigma - chosen[-1] >= room and sigmas[-1] - sigma >= room:
            chosen.append(sigma)
    return [*chosen, sigmas[-1]]


def _place_picture(axes: Axes, sigma: float, picture: Picture) -> None:
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    times = max(1, _MOST_PIXELS // max(picture.shape[:2]))
    large: Any = np.repeat(np.repeat(picture, times, axis=0), times, axis=1)
    if large.shape[-1] == 1:
        large = np.repeat(large, 3, axis=-1)
    box = OffsetImage(large, zoom=72 * _SIDE / max(large.shape[:2]), interpolation="nearest")
    axes.add_artist(AnnotationBbox(box, (sigma, 0.42), frameon=False, annotation_clip=False))
    axes.annotate(
        f"σ {general(sigma)}", (sigma, 0.42), xytext=(0, 36 * _SIDE + 2),
        textcoords="offset points", ha="center", va="bottom", fontsize=7,
    )  # fmt: skip


IMAGES = PaperFigure(
    name="images",
    title="Accuracy against sigma, with the noisy images",
    make=_make,
    needs="no run kept images under a noise at two sigmas; measure with samples of at least 1",
)
