"""The one way to stdout and stderr: text is made safe, and a stream that is gone is handled."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Literal, NamedTuple

from robustbench_ln.texts.safe import for_terminal

__all__ = [
    "Level",
    "OutputError",
    "ReaderGoneError",
    "Talk",
    "current_talk",
    "log_line",
    "open_missing_streams",
    "say",
    "say_aside",
    "set_talk",
    "tell",
]


Level = Literal["quiet", "normal", "verbose"]


class Talk(NamedTuple):
    """How much is said beside the results.

    Attributes:
        level: "quiet": warnings and errors; "normal": notes and progress too; "verbose": a line
            for each cell.
        log: Takes every line, whatever the level; None without a log.
    """

    level: Level = "normal"
    log: Callable[[str], None] | None = None


_talks = [Talk()]
"""Of this process, like its stdout and stderr."""


def set_talk(talk: Talk) -> None:
    """Set how much is said from now on."""
    _talks[0] = talk


def current_talk() -> Talk:
    """Return how much is said."""
    return _talks[0]


class OutputError(Exception):
    """Stdout cannot be written: closed, or on a full disk."""


class ReaderGoneError(Exception):
    """Whoever read stdout through a pipe has gone away."""


def say(text: str, *, end: str = "\n") -> None:
    """Print results to stdout.

    Raises:
        OutputError: It is closed, or its disk is full.
        ReaderGoneError: It is a pipe that nobody reads any more.
    """
    if sys.stdout is None:
        raise OutputError("stdout is closed")
    try:
        sys.stdout.write(_encodable(for_terminal(text) + end, sys.stdout.encoding))
        sys.stdout.flush()
    except BrokenPipeError as error:
        sys.stdout = None  # or Python would flush it once more
        raise ReaderGoneError from error
    except (OSError, ValueError) as error:  # ValueError: it was closed within Python
        sys.stdout = None
        raise OutputError(f"stdout cannot be written ({_reason(error)})") from error


def log_line(text: str) -> None:
    """Write a line into the log, if there is one."""
    if (log := current_talk().log) is not None:
        log(for_terminal(text))


def tell(text: str) -> None:
    """Print a note, progress or the name of a written file to stderr, unless that is unwanted."""
    if current_talk().level == "quiet":
        log_line(text)
    else:
        say_aside(text)


def say_aside(text: str) -> None:
    """Print a warning or an error to stderr. Work goes on where nobody can read it."""
    log_line(text)
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(_encodable(for_terminal(text) + "\n", sys.stderr.encoding))
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.stderr = None


def open_missing_streams() -> None:
    """Give stdin, stdout and stderr that were closed a place among the open files.

    Otherwise the next file that is opened gets their number, and libraries that print would
    write into it.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(descriptor)


def _encodable(text: str, encoding: str | None) -> str:
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
