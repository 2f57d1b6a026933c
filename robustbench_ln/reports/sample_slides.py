"""The samples that runs kept of their images, level by level of a noise or of corruptions."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_ln.reports.family import Place
from robustbench_ln.reports.numbers import general
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.kept_images import find_seen
from robustbench_ln.runs.results import ModeResults

__all__ = ["Level", "Slides", "Strip", "make_slides"]

_MOST_SAMPLES = 4
_LARGEST_PNG = 48
"""Pixels of a side: larger samples are JPEG files, noise is eight times as large as PNG."""
_GAP = 2
"""White pixels between two samples."""


class Strip(NamedTuple):
    """Samples side by side, as a picture.

    Attributes:
        caption: What was done to them; "" where the level says it.
        alt: The same for those who do not see it.
        width: In pixels, as is the height.
        height: Height.
        kind: "png" or "jpeg".
        content: The picture's file.
    """

    caption: str
    alt: str
    width: int
    height: int
    kind: str
    content: bytes


class Level(NamedTuple):
    """A sigma or severity.

    Attributes:
        name: "sigma 0.5", "severity 3", "clean".
        strips: One for a noise, one for each corruption.
    """

    name: str
    strips: tuple[Strip, ...]


class Slides(NamedTuple):
    """The same images at every level; one level is shown at a time.

    Attributes:
        words: What changes: "sigma" or "severity".
        levels: In their order.
    """

    words: str
    levels: tuple[Level, ...]


def make_slides(table: Table) -> Slides | None:
    """Return the samples of a table, of the first run that kept some; None where none did.

    Raises:
        RecordError: They are missing or damaged.
    """
    for mode in {mode.run.path: mode for mode in table.modes}.values():
        if found := _samples(table, mode):
            word = "sigma" if table.sigma_rows else "severity"
            return Slides(word, _levels(found, word))
    return None


def _samples(table: Table, mode: ModeResults) -> dict[Place, NDArray[np.uint8]]:
    seen = {
        place: find_seen(mode.run, cell.record.condition)
        for place, cell in table.cells[mode].items()
    }
    return {place: s.samples for place, s in seen.items() if s is not None and len(s.samples)}


def _levels(found: dict[Place, NDArray[np.uint8]], word: str) -> tuple[Level, ...]:
    by_severity: dict[float, list[Place]] = {}
    for place in found:
        by_severity.setdefault(place.severity, []).append(place)
    return tuple(
        Level(
            f"{word} {general(severity)}" if severity else "clean",
            tuple(_strip(found[place], place, word) for place in by_severity[severity]),
        )
        for severity in sorted(by_severity)
    )


def _strip(samples: NDArray[np.uint8], place: Place, word: str) -> Strip:
    few = samples[:_MOST_SAMPLES]
    padded = np.pad(few, ((0, 0), (0, 0), (0, _GAP), (0, 0)), constant_values=255)
    joined = np.concatenate(list(padded), axis=1)[:, :-_GAP]  # [height, width x S, C]
    picture = Image.fromarray(joined.squeeze(-1) if joined.shape[-1] == 1 else joined)
    kind = "png" if max(samples.shape[1:3]) <= _LARGEST_PNG else "jpeg"
    buffer = io.BytesIO()
    picture.save(buffer, format=kind, quality=88, optimize=True)
    caption = place.name if place.corruption not in ("", "clean") else ""
    done = f"{caption or ''} at {word} {general(place.severity)}" if place.severity else "clean"
    return Strip(caption, f"{len(few)} test images, {done.strip()}", *picture.size, kind,
                 buffer.getvalue())  # fmt: skip
