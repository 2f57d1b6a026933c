from __future__ import annotations

import shlex

import pytest
import typer

from robustbench_ln.cli.examples import EXAMPLES
from robustbench_ln.cli.help import COMMANDS, PANELS, break_command
from robustbench_ln.cli.main import app

GROUP = typer.main.get_command(app)
NAMES = sorted(GROUP.commands)


def test_every_command_has_its_place_and_examples():
    assert sorted(name for names in COMMANDS.values() for name in names) == NAMES
    assert sorted(EXAMPLES) == NAMES
    assert all(EXAMPLES.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_option_of_a_long_help_is_in_a_panel(ln_bench, name):
    out = ln_bench(name, "--help").out
    assert "Other:" not in out
    for parameter in GROUP.commands[name].params:
        assert any(f"  {spelling}" in out for spelling in (*parameter.opts, parameter.metavar))


def test_panels_name_no_option_that_is_gone():
    known = {parameter.name for command in GROUP.commands.values() for parameter in command.params}
    assert {name for names in PANELS.values() for name in names} - known == set()


@pytest.mark.parametrize("name", NAMES)
def test_help_says_what_is_required_and_fits_a_terminal(ln_bench, name):
    out = ln_bench(name, "-h").out
    usage = out.partition("\n\n")[0]
    for parameter in GROUP.commands[name].params:
        if parameter.required and parameter.param_type_name == "option":
            assert f"{parameter.opts[0]} {parameter.metavar}" in " ".join(usage.split())
    assert max(map(len, out.splitlines())) <= 80
    assert "<int>" not in out
    assert "<str>" not in out
    assert "<float>" not in out


@pytest.mark.parametrize("words", [(), ("-h",), ("--help",)])
def test_first_contact_shows_every_command_in_full(ln_bench, words):
    shown = ln_bench(*words)
    assert shown.code == 0
    assert shown.err == ""
    for name, command in GROUP.commands.items():
        sentence = command.help.split("\n\n")[0]
        assert f"  {name}" in shown.out
        assert " ".join(sentence.split()) in " ".join(shown.out.split())


def test_list_alone_shows_what_there_is_to_list(ln_bench):
    shown = ln_bench("list")
    names = [line.split()[0] for line in shown.out.splitlines()]
    assert {"modes", "noises", "corruptions", "archs", "baselines", "demo"} <= set(names)
    assert [ln_bench("list", name).code for name in names] == [0] * len(names)


def test_examples_are_pasted_as_they_are_written():
    for example in (one for examples in EXAMPLES.values() for one in examples):
        lines = list(break_command(example))
        assert max(map(len, lines)) <= 78
        pasted = "\n".join(lines).replace("\\\n", " ")
        assert shlex.split(pasted) == shlex.split(example)


def test_lines_break_before_options():
    command = f"ln-bench evaluate {'x' * 40} --data {'y' * 30} --noise agn"
    assert list(break_command(command)) == [
        f"ln-bench evaluate {'x' * 40} \\",
        f"    --data {'y' * 30} --noise agn",
    ]
