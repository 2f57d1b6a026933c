"""`ln-bench`: the commands, each in a file of its own. Nothing heavy is imported here."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated

import typer

from robustbench_ln import __version__
from robustbench_ln.cli.audit import audit
from robustbench_ln.cli.compare import compare
from robustbench_ln.cli.convert import convert
from robustbench_ln.cli.corrupt import corrupt
from robustbench_ln.cli.demo import demo
from robustbench_ln.cli.env import env
from robustbench_ln.cli.evaluate import evaluate
from robustbench_ln.cli.failures import run_command
from robustbench_ln.cli.flips import flips
from robustbench_ln.cli.help import PanelCommand, PanelGroup
from robustbench_ln.cli.inspect import inspect
from robustbench_ln.cli.listing import list_entries
from robustbench_ln.cli.mce import mce
from robustbench_ln.cli.predict import predict
from robustbench_ln.cli.report import report
from robustbench_ln.cli.run import run
from robustbench_ln.cli.score import score
from robustbench_ln.cli.speed import speed
from robustbench_ln.cli.spelling import spell
from robustbench_ln.cli.train import train
from robustbench_ln.texts.console import say, say_aside
from robustbench_ln.texts.safe import for_message

__all__ = ["app", "main", "run_command_line", "show_warning"]


app = typer.Typer(
    cls=PanelGroup,
    name="ln-bench",
    help="Measure how a saved image classifier degrades under noise and corruption, for each way "
    "of computing normalisation statistics, with confidence intervals.",
    epilog="ln-bench COMMAND --help shows the options of a command, with examples.",
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for _command in (
    demo, list_entries, inspect, evaluate, audit, flips, run, predict, speed, report, compare,
    score, mce, corrupt, train, convert, env,
):  # fmt: skip
    app.command("list" if _command is list_entries else None, cls=PanelCommand)(_command)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        say(f"ln-bench {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    del version
    if context.invoked_subcommand is None:
        say(context.get_help())


def show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning as one line on stderr."""
    text = message if isinstance(message, str) else (*message.args, message)[0]
    say_aside(f"Warning: {for_message(spell(text) if isinstance(text, str) else str(message))}")


def run_command_line() -> int:
    """Run the command line and return its exit code. Warnings are one line on stderr."""
    warnings.showwarning = show_warning
    command = typer.main.get_command(app)
    return run_command(lambda: command.main(sys.argv[1:], "ln-bench", standalone_mode=False))


def main() -> None:
    """Run the command line and exit; `cli.start` does so in a process of its own."""
    sys.exit(run_command_line())
