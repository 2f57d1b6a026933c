"""--quiet, --verbose and --log, which every command has."""

from __future__ import annotations

import shlex
import sys
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import typer

from robustbench_ln.errors import LnBenchError, SpecError
from robustbench_ln.files.appended_files import append_whole
from robustbench_ln.texts.console import Level, Talk, current_talk, say_aside, set_talk
from robustbench_ln.texts.safe import for_terminal

__all__ = ["start_talk", "talk_options"]


def _talk(
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print results, warnings and errors only")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Print a line for every finished cell")
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Append all messages to this file, with the time",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Stand for the options, which no command has as parameters."""


@cache
def talk_options() -> list[Any]:
    """Return the three options; what is given is kept in the context."""
    app = typer.Typer(add_completion=False)
    app.command()(_talk)
    options = [p for p in typer.main.get_command(app).params if p.name != "help"]
    for option in options:
        option.expose_value = False
        option.callback = _keep
    return options


def _keep(ctx: Any, parameter: Any, value: Any) -> Any:
    ctx.meta[f"talk.{parameter.name}"] = value
    return value


def start_talk(ctx: Any) -> None:
    """Follow the options of a command that begins.

    Raises:
        SpecError: It is to be quiet and verbose.
        RecordError: The log cannot be written.
    """
    quiet, verbose, log = (ctx.meta.get(f"talk.{name}") for name in ("quiet", "verbose", "log"))
    if quiet and verbose:
        raise SpecError("--quiet and --verbose exclude each other")
    level: Level = "quiet" if quiet else "verbose" if verbose else "normal"
    set_talk(Talk(level))
    if log is not None:
        _append(Path(log), shlex.join(["ln-bench", *sys.argv[1:]]))
        set_talk(Talk(level, partial(_log, Path(log))))


def _log(path: Path, text: str) -> None:
    try:
        _append(path, text)
    except LnBenchError as error:  # a full disk must not end the work
        set_talk(current_talk()._replace(log=None))
        say_aside(f"Warning: the log ends here; {error}")


def _append(path: Path, text: str) -> None:
    time = datetime.now().astimezone().isoformat(timespec="seconds")
    append_whole(path, f"{time} {for_terminal(text)}\n".encode())
