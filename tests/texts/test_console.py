from __future__ import annotations

import ast
import errno
import io
import sys
from pathlib import Path

import pytest

from robustbench_ln.texts.console import OutputError, ReaderGoneError, say, say_aside

PACKAGE = Path(__file__).parents[2] / "robustbench_ln"
CONSOLE = PACKAGE / "texts" / "console.py"


class Failing(io.StringIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def flush(self) -> None:
        raise self.error


def test_both_streams_show_what_a_terminal_would_obey(capsys):
    say("a\x1b]0;title\x07\nb")
    say("c", end="")
    say_aside("d\u202ee")
    shown = capsys.readouterr()
    assert shown.out == "a\\x1b]0;title\\x07\nb\nc"
    assert shown.err == "d\\u202ee\n"


def test_a_stream_of_another_encoding_shows_numbers(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="")
    monkeypatch.setattr(sys, "stdout", stream)
    say("±")
    assert stream.buffer.getvalue() == b"\\xb1\n"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), OutputError),
        (ValueError("I/O operation on closed file"), OutputError),
        (BrokenPipeError(), ReaderGoneError),
    ],
)
def test_results_that_cannot_be_printed_are_an_error_and_notes_are_not(
    monkeypatch, error, expected
):
    monkeypatch.setattr(sys, "stdout", Failing(error))
    monkeypatch.setattr(sys, "stderr", Failing(error))
    with pytest.raises(expected):
        say("result")
    say_aside("note")
    assert sys.stderr is None
    say_aside("another note")
    with pytest.raises(OutputError, match="stdout is closed"):
        say("result")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.stem)
def test_nobody_else_prints(path):
    """`say` is the one place that makes text safe for a terminal: nothing goes past it."""
    if path == CONSOLE:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            assert name not in ("print", "typer.echo", "typer.secho", "click.echo"), node.lineno
            assert not name.startswith(("sys.stdout.", "sys.stderr.write", "sys.__std")), (
                node.lineno
            )
        if isinstance(node, ast.keyword) and node.arg == "file":
            assert ast.unparse(node.value) not in ("sys.stdout", "sys.stderr"), node.value.lineno
