"""Messages name settings; the command line spells them as options, Python as parameters."""

from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from robustbench_ln.cli.main import app
from robustbench_ln.cli.spelling import option_of, spell
from robustbench_ln.errors import (
    DataError,
    LnBenchError,
    Message,
    by_skin,
    listing,
    setting,
    settings,
)

PACKAGE = Path(__file__).parents[1] / "robustbench_ln"
BELOW = sorted(p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] != "cli")

COMMANDS_TO_RUN = {
    "demo/run.py": "the command line that a caption shows",
    "models/networks/torchvision_models.py": "pip install --force-reinstall",
}
"""Files with the options of a command that is to be run, and what it is; no message of ours."""

MARKS = re.compile("[\ue000-\ue005]")


def calls_in(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            name = getattr(function, "id", getattr(function, "attr", ""))
            if name in names:
                yield node


def texts_of(tree: ast.Module) -> Iterator[str]:
    """The string constants that are no docstrings."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


@pytest.mark.parametrize("path", BELOW, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_message_below_the_command_line_has_an_option(path):
    if str(path.relative_to(PACKAGE)) in COMMANDS_TO_RUN:
        return
    found = [text for text in texts_of(ast.parse(path.read_text())) if re.search("--[a-z]", text)]
    assert not found


@pytest.mark.parametrize("name", COMMANDS_TO_RUN)
def test_files_with_commands_to_run_have_them(name):
    assert any("--" in text for text in texts_of(ast.parse((PACKAGE / name).read_text())))


def names_of_settings() -> set[str]:
    """The settings that messages name; those that are looked up have a name in a tuple or dict."""
    names = set()
    for path in BELOW:
        tree = ast.parse(path.read_text())
        for call in calls_in(tree, "setting"):
            if call.args and isinstance(call.args[0], ast.Constant):
                names.add(call.args[0].value)
        for call in calls_in(tree, "settings"):
            names |= {keyword.arg for keyword in call.keywords if keyword.arg}
    return names


def test_every_setting_is_an_option_of_a_command():
    group = typer.main.get_command(app)
    commands = group.commands.values()  # type: ignore[attr-defined]
    options = {name for command in commands for p in command.params for name in p.opts}
    names = names_of_settings()
    assert option_of("no_such_setting") not in options
    assert {"noises", "num_groups", "crop"} <= names
    assert {name: option_of(name) for name in names if option_of(name) not in options} == {}


def test_every_setting_is_a_parameter_or_a_field_in_python():
    nodes = [node for path in BELOW for node in ast.walk(ast.parse(path.read_text()))]
    parameters = {node.arg for node in nodes if isinstance(node, ast.arg)}
    fields = {ast.unparse(node.target) for node in nodes if isinstance(node, ast.AnnAssign)}
    assert names_of_settings() <= parameters | fields


@pytest.mark.parametrize("path", BELOW, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_notes_and_warnings_that_name_a_setting_are_messages(path):
    for call in calls_in(ast.parse(path.read_text()), "note", "warn"):
        (text, *_) = call.args
        if any(calls_in(text, "setting", "settings", "by_skin", "listing")):
            assert isinstance(text, ast.Call), ast.unparse(call)
            assert ast.unparse(text.func) == "Message"


@pytest.mark.parametrize(
    ("text", "python", "command_line"),
    [
        (setting("stat_batch"), "stat_batch=", "--stat-batch"),
        (setting("limit", 3), "limit=3", "--limit 3"),
        (setting("order", "as-is"), "order='as-is'", "--order as-is"),
        (setting("out", Path("a/b")), "out='a/b'", "--out a/b"),
        (setting("download", True), "download=True", "--download"),
        (setting("noises", "agn"), "noises='agn'", "--noise agn"),
        (settings(resize=256, crop=224), "resize=256, crop=224", "--resize 256 --crop 224"),
        (listing("archs"), "", " (ln-bench list archs)"),
        (by_skin(command_line=setting("order"), python="order"), "order", "--order"),
        ("plain --text= stays", "plain --text= stays", "plain --text= stays"),
    ],
)
def test_each_skin_spells_a_setting(text, python, command_line):
    message = Message(f"a {text} b")
    assert message == f"a {python} b"
    assert spell(message) == f"a {command_line} b"
    assert spell(Message(f"{message.marked}, c")) == f"a {command_line} b, c"
    assert spell("a plain string") == "a plain string"


@pytest.mark.parametrize(
    "hostile", ["\ue000", "\ue000a\ue001b\ue001c\ue002", "\ue001 --x", "\ue003\ue004", "\ue005"]
)
def test_marks_in_foreign_text_never_reach_anybody(hostile):
    message = Message(f"{setting('normalize', hostile)} of {hostile}: {listing('archs')}{hostile}")
    assert not MARKS.search(message)
    assert not MARKS.search(spell(message))
    assert spell(message).startswith("--normalize ")


def test_an_error_reads_as_python_does_and_keeps_its_settings():
    error = DataError(f"{setting('crop', 3)} is too small")
    assert str(error) == "crop=3 is too small"
    assert repr(error) == "DataError('crop=3 is too small')"
    again = pickle.loads(pickle.dumps(error))
    assert spell(again.message) == "--crop 3 is too small"
    assert str(LnBenchError()) == ""
