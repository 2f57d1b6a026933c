"""What a long job tells whoever watches. The command line shows it; a library call need not."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Silent"]


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
