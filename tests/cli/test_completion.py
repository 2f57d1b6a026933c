from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer

from robustbench_ln.cli.completion import NAMES, complete
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.files.shipped import SHIPPED_SUITES
from robustbench_ln.metrics.error_files import BASELINES
from robustbench_ln.modes import MODES
from robustbench_ln.reports.paper_figures import ACCURACY, PAPER_FIGURES
from robustbench_ln.spec import NORMALIZATIONS


def test_names_are_those_of_the_registries():
    registries = {
        "modes": ["all", *MODES],
        "corruptions": ["cifar10-c", "imagenet-c", *CORRUPTIONS],
        "normalizations": NORMALIZATIONS,
        "suites": SHIPPED_SUITES,
        "baselines": ["none", *BASELINES],
        "figures": ["all", "none", ACCURACY, *PAPER_FIGURES],
    }
    assert {kind: set(names) for kind, names in NAMES.items()} == {
        kind: set(names) for kind, names in registries.items()
    }


@pytest.mark.parametrize(
    ("kind", "typed", "offered"),
    [
        ("modes", "ln-v", ["ln-voting"]),
        ("modes", "bn,plain,ln-b", ["bn,plain,ln-batch"]),
        ("corruptions", "fo", ["fog"]),
        ("archs", "resnet11", ["resnet110"]),
        ("modes", "nothing", []),
    ],
)
def test_the_last_name_of_a_list_is_completed(kind, typed, offered):
    assert complete(kind)(typed) == offered


def test_a_shell_gets_names_without_torch():
    """As bash asks: the words so far, and which one is being typed."""
    words = "ln-bench evaluate net.pt --modes bn,dbn-s"
    code = (
        "import sys; sys.argv = ['ln-bench']\n"
        "from robustbench_ln.cli.main import main\n"
        "try: main()\n"
        "finally: print('torch' in sys.modules, file=sys.stderr)"
    )
    asked = {"_LN_BENCH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "4"}
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | asked,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["bn,dbn-single", "bn,dbn-single-rot90"]
    assert run.stderr.split() == ["False"]


def test_an_unknown_shell_is_one_line(ln_bench, monkeypatch):
    """Where no shell is known, Typer ends with 1, which is kept for bugs."""

    def unknown(*_: object, **__: object) -> str:
        raise typer.Exit(1)

    monkeypatch.setattr("typer.completion.get_completion_script", unknown)
    outcome = ln_bench("--show-completion")
    assert outcome.code == 2
    assert outcome.err.splitlines()[-1] == (
        "Error: no completion for this shell; run it in bash, zsh, fish or PowerShell"
    )
