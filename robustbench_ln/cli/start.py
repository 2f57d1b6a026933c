"""The entry point of `ln-bench`: what must be right before anything is imported."""

from __future__ import annotations

import sys
from pathlib import Path

from robustbench_ln.cli.signals import default_signals
from robustbench_ln.texts.console import open_missing_streams, say_aside
from robustbench_ln.workers.allocator import keep_freed_memory

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit."""
    default_signals()
    keep_freed_memory()
    open_missing_streams()
    try:
        Path.cwd()
    except OSError:
        say_aside("Error: the working directory was deleted; change into one that exists")
        sys.exit(2)
    from robustbench_ln.cli.main import run_command_line

    sys.exit(run_command_line())
