"""The page of the command line: what every --help prints."""

from __future__ import annotations

from typing import Any

import typer

from robustbench_ln.cli.help import COMMANDS
from robustbench_ln.cli.main import app

__all__ = ["commands_page"]


def commands_page(_: str) -> str:
    """The help of `ln-bench` and of every command, 80 columns wide."""
    group: Any = typer.main.get_command(app)
    with group.make_context("ln-bench", [], terminal_width=80, resilient_parsing=True) as root:
        parts = [_block(root.get_help())]
        for name in (one for names in COMMANDS.values() for one in names):
            command = group.get_command(root, name)
            with command.make_context(name, [], parent=root, resilient_parsing=True) as context:
                parts.append(f"## ln-bench {name}\n\n{_block(context.get_help())}")
    return "\n\n".join(parts)


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"
