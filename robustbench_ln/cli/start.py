"""The entry point of `ln-bench`: what must be right before anything is imported, and the end."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from robustbench_ln.cli.signals import default_signals
from robustbench_ln.texts.console import open_missing_streams, say_aside
from robustbench_ln.workers.allocator import collect_rarely, keep_freed_memory

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit."""
    default_signals()
    keep_freed_memory()
    collect_rarely()
    open_missing_streams()
    try:
        Path.cwd()
    except OSError:
        say_aside("Error: the working directory was deleted; change into one that exists")
        sys.exit(2)
    from robustbench_ln.cli.main import run_command_line

    _leave(run_command_line())


def _leave(code: int) -> NoReturn:
    """End the process without taking it apart object by object: with torch, half a second.

    What is registered to be done at exit, as to remove temporary folders, is done.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever wrote to it has handled that it is gone
            if stream is not None:
                stream.flush()
    os._exit(code)
