"""How a command ends: exit codes and the one `Error:` line."""

from __future__ import annotations

import sys
from collections.abc import Callable

from typer.exceptions import TyperException

from robustbench_ln.cli.spelling import spell
from robustbench_ln.errors import LnBenchError

__all__ = ["run_command"]

DONE, WRONG_INPUT, INTERRUPTED = 0, 2, 130


def run_command(command: Callable[[], object]) -> int:
    """Run a command and return its exit code.

    0: done. 2: wrong input, one line on stderr. 130: interrupted, what was finished is kept.
    Anything else is a bug: it leaves with its traceback, and Python exits with 1.
    """
    try:
        result = command()
    except LnBenchError as error:
        for note in getattr(error, "__notes__", ()):  # the traceback of the user's own FILE.py
            print(note, file=sys.stderr)
        return _fail(spell(error.message))
    except TyperException as error:
        return _fail(error.format_message() if hasattr(error, "format_message") else str(error))
    except KeyboardInterrupt:
        result = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe went away: nothing to tell it
        return DONE
    if result == INTERRUPTED:
        print(
            "Interrupted. What was written is kept; a command with --out DIR goes on from there.",
            file=sys.stderr,
        )
    return result if isinstance(result, int) else DONE


def _fail(message: str) -> int:
    line = " ".join(message.split())
    print(f"Error: {line}", file=sys.stderr)
    return WRONG_INPUT
