"""Errors that a user can cause: one line each, saying what is wrong, where and how to fix it."""

from __future__ import annotations

__all__ = [
    "CheckError",
    "CheckpointError",
    "DataError",
    "ImageError",
    "LayoutError",
    "LnBenchError",
    "RecordError",
    "SpecError",
    "TrainingError",
]


class LnBenchError(ValueError):
    """Wrong input. The command line prints it as one `Error:` line and exits with 2."""


class CheckError(LnBenchError):
    """A check of network and images warned, and warnings are to be errors."""


class SpecError(LnBenchError):
    """An option or a name is wrong, before anything was read."""


class CheckpointError(LnBenchError):
    """A checkpoint cannot be read, or does not fit the network."""


class DataError(LnBenchError):
    """A data set cannot be read, or does not fit the network."""


class ImageError(LnBenchError):
    """Images have the wrong shape, dtype or range."""


class LayoutError(LnBenchError):
    """Images cannot share statistics in the way that was asked for."""


class RecordError(LnBenchError):
    """A run directory cannot be read, written, or continued."""


class TrainingError(LnBenchError):
    """A training cannot go on."""
