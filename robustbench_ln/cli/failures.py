"""How a command ends: exit codes and the one `Error:` line."""

from __future__ import annotations

import os
from collections.abc import Callable

from typer.exceptions import TyperException

from robustbench_ln.cli.signals import Stop, stop_signals
from robustbench_ln.cli.spelling import spell
from robustbench_ln.errors import LnBenchError, explain_memory, setting
from robustbench_ln.texts.console import OutputError, ReaderGoneError, say_aside
from robustbench_ln.texts.safe import for_message

__all__ = ["LESS_MEMORY", "run_command"]

DONE, WRONG_INPUT, INTERRUPTED, READER_GONE = 0, 2, 130, 141

LESS_MEMORY = (
    f"lower {setting('device_batch')}, then {setting('stat_batch')} or {setting('group_size')}, or "
    f"{setting('workers')}; for predict the number of pictures, for train another recipe or network"
)


def run_command(command: Callable[[], object]) -> int:
    """Run a command and return its exit code.

    0: done. 2: wrong input, too little memory, or a file or stdout that cannot be read or written;
    one line on stderr. 130, 143, 129: stopped by Ctrl-C, SIGTERM, SIGHUP, what was finished is
    kept. 141: the reader of a pipe has gone away. Anything else is a bug: it leaves with its
    traceback, and Python exits with 1.
    """
    with stop_signals() as stop:
        try:
            with explain_memory(LESS_MEMORY):
                return _end(command(), stop)
        except KeyboardInterrupt:
            return _end(INTERRUPTED, stop)
        except ReaderGoneError:
            return READER_GONE
        except SystemExit as left:
            # Typer leaves with 1 where the reader of its help text has gone away.
            return READER_GONE if left.code == 1 else _end(left.code, stop)
        except Exception as error:
            if stop.number is not None:  # an import that was cut off may raise anything
                return _end(INTERRUPTED, stop)
            message = _explain(error)
            if message is None:
                raise
            return _fail(message)


def _end(result: object, stop: Stop) -> int:
    if result == INTERRUPTED:
        say_aside(
            "Interrupted. What was written is kept; rerun a command with --out DIR to resume it."
        )
        return stop.exit_code
    if result == 1:  # of Typer's --show-completion alone
        return _fail("no completion for this shell; run it in bash, zsh, fish or PowerShell")
    return result if isinstance(result, int) else DONE


def _explain(error: Exception) -> str | None:
    """Return the line for an error; None for a bug of ours."""
    if isinstance(error, LnBenchError):
        for note in getattr(error, "__notes__", ()):  # the traceback of the user's own FILE.py
            say_aside(note)
        return spell(error.message)
    if isinstance(error, TyperException):
        return error.format_message() if hasattr(error, "format_message") else str(error)
    if isinstance(error, OutputError):
        return f"{error}; what was written into files is kept"
    if isinstance(error, OSError) and error.strerror:
        return f"{_place(error)}: {error.strerror}; check the path and the disk"
    return None


def _place(error: OSError) -> str:
    return "a file or stdout" if error.filename is None else os.fsdecode(error.filename)


def _fail(message: str) -> int:
    say_aside(f"Error: {for_message(' '.join(message.split()))}")
    return WRONG_INPUT
