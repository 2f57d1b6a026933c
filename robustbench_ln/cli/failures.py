"""How a command ends: exit codes and the one `Error:` line."""

from __future__ import annotations

from collections.abc import Callable

from typer.exceptions import TyperException

from robustbench_ln.cli.spelling import spell
from robustbench_ln.errors import LnBenchError
from robustbench_ln.texts.console import OutputError, ReaderGoneError, say_aside
from robustbench_ln.texts.safe import for_message

__all__ = ["run_command"]

DONE, WRONG_INPUT, INTERRUPTED, READER_GONE = 0, 2, 130, 141


def run_command(command: Callable[[], object]) -> int:
    """Run a command and return its exit code.

    0: done. 2: wrong input, or stdout cannot be written; one line on stderr. 130: interrupted, what
    was finished is kept. 141: the reader of a pipe has gone away. Anything else is a bug: it
    leaves with its traceback, and Python exits with 1.
    """
    try:
        result = command()
    except LnBenchError as error:
        for note in getattr(error, "__notes__", ()):  # the traceback of the user's own FILE.py
            say_aside(note)
        return _fail(spell(error.message))
    except TyperException as error:
        return _fail(error.format_message() if hasattr(error, "format_message") else str(error))
    except KeyboardInterrupt:
        result = INTERRUPTED
    except ReaderGoneError:
        return READER_GONE
    except OutputError as error:
        return _fail(f"{error}; what was written into files is kept")
    if result == INTERRUPTED:
        say_aside(
            "Interrupted. What was written is kept; a command with --out DIR goes on from there."
        )
    return result if isinstance(result, int) else DONE


def _fail(message: str) -> int:
    say_aside(f"Error: {for_message(' '.join(message.split()))}")
    return WRONG_INPUT
