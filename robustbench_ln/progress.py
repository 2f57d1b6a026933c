"""What a long job tells whoever watches. The command line shows it; a library call need not."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Pace", "Progress", "Silent"]

_LEAST_SECONDS = 2.0
"""A pace of a shorter time says nothing: the first images are few, and went through cold caches."""


class Progress(Protocol):
    """A display of one job: a number of cells, and the images that they take."""

    def start(self, *, cells: int, image_passes: int, unit: str = "cell") -> None:
        """Say how much there is to do; `unit` is what a cell is called."""
        ...

    def describe(self, what: str) -> None:
        """Say what is being done."""
        ...

    def advance(self, image_passes: int) -> None:
        """Count images that went through a network."""
        ...

    def finish_cells(self, cells: int) -> None:
        """Count cells that were written."""
        ...

    def note(self, text: str) -> None:
        """Print a line that stays: a warning, or what was left out.

        Where it names a setting it is a `Message`, which reads as Python does.
        """
        ...


class Pace:
    """How fast images go through a network, measured from the first ones that are done.

    What comes before them is no measure: workers start, networks are copied, images are read.

    Args:
        total: Number of images to do.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = self._since = 0
        self._first: float | None = None
        self._last = 0.0

    def add(self, number: int, now: float) -> None:
        """Count images that are done at a time in seconds."""
        self._done += number
        self._last = now
        if self._first is None:
            self._first = now
        else:
            self._since += number

    @property
    def rate(self) -> float | None:
        """Images a second; None until that can be said."""
        seconds = self._last - (self._last if self._first is None else self._first)
        return self._since / seconds if self._since and seconds >= _LEAST_SECONDS else None

    @property
    def seconds_left(self) -> float | None:
        """Seconds until all images are done; None until that can be said."""
        rate = self.rate
        return None if rate is None else max(self._total - self._done, 0) / rate


class Silent:
    """No display."""

    def start(self, *, cells: int, image_passes: int, unit: str = "cell") -> None:
        """Say nothing."""

    def describe(self, what: str) -> None:
        """Say nothing."""

    def advance(self, image_passes: int) -> None:
        """Say nothing."""

    def finish_cells(self, cells: int) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""
