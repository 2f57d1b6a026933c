"""What workers do: a task that each of them opens once, and units that it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

__all__ = ["Advance", "Run", "Task"]

Unit_contra = TypeVar("Unit_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)

Advance = Callable[[int], None]
"""Told of progress, in images."""


class Run(Protocol[Unit_contra, Result_co]):
    """An open task."""

    def __call__(self, unit: Unit_contra, advance: Advance, /) -> Result_co:
        """Return what a unit gives. It depends on nothing but task and unit: it may be repeated."""
        ...


class Task(Protocol[Unit_contra, Result_co]):
    """Everything that all units of a job share. It can be pickled; so can units and results.

    `str(unit)` names a unit in messages.
    """

    def open(self, place: int) -> Run[Unit_contra, Result_co]:
        """Get ready to work.

        Args:
            place: Of the worker among the workers, from 0: it may decide the device.
        """
        ...
