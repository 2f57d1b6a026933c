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
    if not isinstance(table.family, NoiseFamily):
        return {}
    kept = find_kept(table, table.rows, with_samples=True)
    return {row.sigma or 0.0: seen.samples[0] for row, seen in kept.items()}


def _fill(canvas: Canvas, *, curves: Curves, pictures: dict[float, Picture]) -> None:
    """Draw the pictures at their sigmas above a single panel, side by side above several."""
    parts: Any = canvas.subfigures(2, 1, height_ratios=(_STRIP, curves.height))
    above, below = parts
    panels = curves.draw(below)
    strip = above.subplots()
    strip.set_axis_off()
    strip.set_ylim(0, 1)
    sigmas = sorted(pictures)
    if len(panels) == 1:
        strip.set_xlim(panels[0].get_xlim())
        low, high = panels[0].get_xlim()
        sigmas = _choose_apart(sigmas, (high - low) * _SIDE * 1.12 / (curves.inches - 0.7))
        places = sigmas
    else:
        most = int((curves.inches - 0.2) / (_SIDE * 1.2))
        sigmas = [sigmas[i] for i in _spread(len(sigmas), most)]
        places = [float(i) for i in range(len(sigmas))]
        strip.set_xlim(-0.5, len(sigmas) - 0.5)
    for place, sigma in zip(places, sigmas, strict=True):
        _place_picture(strip, place, pictures[sigma], f"σ {general(sigma)}")


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


def _place_picture(axes: Axes, x: float, picture: Picture, name: str) -> None:
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    times = max(1, _MOST_PIXELS // max(picture.shape[:2]))
    large: Any = np.repeat(np.repeat(picture, times, axis=0), times, axis=1)
    if large.shape[-1] == 1:
        large = np.repeat(large, 3, axis=-1)
    box = OffsetImage(large, zoom=72 * _SIDE / max(large.shape[:2]), interpolation="nearest")
    axes.add_artist(AnnotationBbox(box, (x, 0.42), frameon=False, annotation_clip=False))
    axes.annotate(
        name, (x, 0.42), xytext=(0, 36 * _SIDE + 2),
        textcoords="offset points", ha="center", va="bottom", fontsize=7,
    )  # fmt: skip


IMAGES = PaperFigure(
    name="images",
    title="Accuracy against sigma, with the noisy images",
    make=_make,
    needs="no run kept images under a noise at two sigmas; measure with samples of at least 1",
)
