"""`ln-bench`: the commands, each in a file of its own. Nothing heavy is imported here."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from robustbench_ln import __version__
from robustbench_ln.cli.compare import compare
from robustbench_ln.cli.convert import convert
from robustbench_ln.cli.corrupt import corrupt
from robustbench_ln.cli.demo import demo
from robustbench_ln.cli.evaluate import evaluate
from robustbench_ln.cli.failures import run_command
from robustbench_ln.cli.inspect import inspect
from robustbench_ln.cli.listing import list_entries
from robustbench_ln.cli.mce import mce
from robustbench_ln.cli.predict import predict
from robustbench_ln.cli.report import report
from robustbench_ln.cli.score import score
from robustbench_ln.cli.speed import speed
from robustbench_ln.cli.spelling import spell
from robustbench_ln.cli.train import train
from robustbench_ln.errors import SpecError
from robustbench_ln.lookup import unknown_name

__all__ = ["app", "main"]


class _Group(TyperGroup):
    """Answers an unknown command with the nearest one."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is None:
            raise unknown_name(cmd_name, self.list_commands(ctx), kind="command")
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run a command; an unknown option that is named like a command is answered with that."""
        try:
            return super().invoke(ctx)
        except TyperException as error:
            option = getattr(error, "option_name", "")
            if option.removeprefix("--") in self.list_commands(ctx):
                command = f"ln-bench {option.removeprefix('--')}"
                raise SpecError(f"no such option: {option}; did you mean '{command}'?") from error
            raise


app = typer.Typer(
    cls=_Group,
    name="ln-bench",
    help="How a saved image classifier degrades under noise and corruption, "
    "under which normalisation statistics, and how sure that is.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(evaluate)
app.command()(corrupt)
app.command()(predict)
app.command()(inspect)
app.command()(convert)
app.command()(train)
app.command()(report)
app.command()(compare)
app.command()(score)
app.command()(mce)
app.command()(speed)
app.command("list")(list_entries)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"ln-bench {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    del version


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    text = message if isinstance(message, str) else (*message.args, message)[0]
    print(f"Warning: {spell(text) if isinstance(text, str) else message}", file=sys.stderr)


def main() -> None:
    """Run the command line and exit. Warnings are one line on stderr."""
    warnings.showwarning = _show_warning
    command = typer.main.get_command(app)
    sys.exit(run_command(lambda: command.main(sys.argv[1:], "ln-bench", standalone_mode=False)))
