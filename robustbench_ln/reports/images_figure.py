"""Accuracy against sigma, with a row of the noisy images above (ICANN 6, arXiv 7 to 9)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.reports.curve_figure import sigma_curves
from robustbench_ln.reports.curves import Curves
from robustbench_ln.reports.drawings import PaperFigure, Piece, find_kept
from robustbench_ln.reports.numbers import general
from robustbench_ln.reports.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["IMAGES"]

Picture = NDArray[np.uint8]

_SIDE = 0.52
"""Inches of a shown image's longer side."""
_STRIP = 0.85
"""Inches of the strip of images, with what stands above each."""
_MOST_PIXELS = 200


def _make(tables: Sequence[Table], inches: float) -> list[Piece]:
    pieces: list[Piece] = []
    for table in tables:
        pictures = _find_pictures(table)
        if len(pictures) > 1:
            words = f"Accuracy against the sigma of {table.title}, below one of the images"
            curves = sigma_curves(table, inches)
            drawing = curves.drawing(f"_{table.name}", words)
            fill = partial(_fill, curves=curves, pictures=pictures)
            size = (inches, curves.height + _STRIP)
            pieces.append(drawing._replace(fill=fill, size=size, has_images=True))
    return pieces


def _find_pictures(table: Table) -> dict[float, Picture]:
    """Return sigma -> the first sample of the first run that kept samples; {} for other tables."""
    kept = find_kept(table, table.sigma_rows, with_samples=True)
    return {row.sigma or 0.0: seen.samples[0] for row, seen in kept.items()}


def _fill(canvas: Canvas, *, curves: Curves, pictures: dict[float, Picture]) -> None:
    """Draw the pictures at their sigmas above a single panel, side by side above several."""
    sigmas = sorted(pictures)
    if len(curves.panels) == 1:
        (panel,) = curves.draw(canvas)
        low, high = panel.get_xlim()
        for sigma in _choose_apart(sigmas, (high - low) * _SIDE * 1.12 / (curves.inches - 0.7)):
            _place_picture(panel, (sigma, 1.0), pictures[sigma], sigma, lift=36 * _SIDE + 5)
        return
    parts: Any = canvas.subfigures(2, 1, height_ratios=(_STRIP, curves.height))
    above, below = parts
    curves.draw(below)
    strip = above.subplots()
    strip.set_axis_off()
    chosen = [sigmas[i] for i in _spread(len(sigmas), int((curves.inches - 0.2) / (_SIDE * 1.2)))]
    strip.set_xlim(-0.5, len(chosen) - 0.5)
    for number, sigma in enumerate(chosen):
        _place_picture(strip, (number, 0.42), pictures[sigma], sigma)


def _spread(number: int, most: int) -> list[int]:
    """Return positions from the first to the last, evenly spaced, at most `most` of them."""
    last = number - 1
    return list(dict.fromkeys(round(i * last / max(most - 1, 1)) for i in range(most)))


def _choose_apart(sigmas: Sequence[float], room: float) -> list[float]:
    """Return the first, the last, and of the others as many as stand so far apart."""
    chosen = [sigmas[0]]
    for sigma in sigmas[1:-1]:
        if sigma - chosen[-1] >= room and sigmas[-1] - sigma >= room:
            chosen.append(sigma)
    return [*chosen, sigmas[-1]]


def _place_picture(
    axes: Axes, place: tuple[float, float], picture: Picture, sigma: float, *, lift: float = 0
) -> None:
    """Draw a picture with its sigma above it.

    Args:
        axes: The panel.
        place: x, and share of the panel's height.
        picture: [H, W, C].
        sigma: Its sigma.
        lift: How far its middle is above the place, in points.
    """
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    times = max(1, _MOST_PIXELS // max(picture.shape[:2]))
    large: Any = np.repeat(np.repeat(picture, times, axis=0), times, axis=1)
    if large.shape[-1] == 1:
        large = np.repeat(large, 3, axis=-1)
    box = OffsetImage(large, zoom=72 * _SIDE / max(large.shape[:2]), interpolation="nearest")
    coords: Any = ("data", "axes fraction")
    axes.add_artist(
        AnnotationBbox(
            box, place, xybox=(0, lift), xycoords=coords, boxcoords="offset points",
            frameon=False, annotation_clip=False,
        )
    )  # fmt: skip
    axes.annotate(
        f"σ {general(sigma)}", place, xytext=(0, lift + 36 * _SIDE + 2), xycoords=coords,
        textcoords="offset points", ha="center", va="bottom", fontsize=7, annotation_clip=False,
    )  # fmt: skip


IMAGES = PaperFigure(
    name="images",
    title="Accuracy against sigma, with the noisy images",
    make=_make,
    needs="no run kept images under a noise at two sigmas; measure with samples of at least 1",
)
