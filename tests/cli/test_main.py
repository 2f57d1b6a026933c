from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustbench_ln import __version__
from robustbench_ln.cli.failures import run_command
from robustbench_ln.errors import LnBenchError
from robustbench_ln.files.image_kinds import IMAGE_KINDS, STORED_KINDS
from robustbench_ln.files.shipped import SHIPPED_CHECKPOINTS, SHIPPED_IMAGES
from robustbench_ln.modes import MODES
from robustbench_ln.norms import NORMS
from robustbench_ln.training import RECIPES

HEAVY = ("torch", "torchvision", "pandas", "matplotlib", "scipy", "cv2", "PIL", "numpy")


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['ln-bench', '--help']\n"
        "from robustbench_ln.cli.main import main\n"
        "try: main()\n"
        f"except SystemExit: print([name for name in {HEAVY} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"
    assert "evaluate" in run.stdout


def test_version_and_unknown_words(ln_bench, refuses):
    assert ln_bench("--version").out == f"ln-bench {__version__}\n"
    assert "did you mean 'evaluate'?" in refuses("evalute")
    assert "did you mean 'modes'?" in refuses("list", "mode")
    assert "Missing argument" in refuses("evaluate")


@pytest.mark.parametrize(
    "what", ["modes", "norms", "noises", "archs", "recipes", "normalizations", "demo"]
)
def test_lists_have_their_entries(ln_bench, what):
    out = ln_bench("list", what).out
    expected = {
        "modes": list(MODES),
        "norms": list(NORMS),
        "noises": ["agn", "apn-add", "mbn", "released"],
        "archs": ["resnet20", "vgg-localnorm", "torchvision:NAME"],
        "recipes": [*RECIPES, "200 epochs, batch 128, 8 groups, rate 0.1 (step)"],
        "normalizations": ["imagenet", "0.485"],
        "demo": [*SHIPPED_CHECKPOINTS, *SHIPPED_IMAGES],
    }[what]
    assert all(word in out for word in expected)
    assert all(len(line) <= 120 for line in out.splitlines())


def test_help_names_every_kind_of_images(ln_bench):
    for command, kinds in (
        ("evaluate", (*IMAGE_KINDS, *STORED_KINDS)),
        ("corrupt", IMAGE_KINDS),
        ("train", [kind for kind in IMAGE_KINDS if kind != "demo"]),  # is for tests alone
    ):
        text = "".join(ln_bench(command, "--help").out.split())
        assert [kind for kind in kinds if f"{kind}:" not in text] == []


def test_help_names_the_shipped_files(ln_bench):
    for command in ("evaluate", "inspect", "predict", "convert", "train"):
        text = "".join(ln_bench(command, "--help").out.split())
        assert [name for name in SHIPPED_CHECKPOINTS if name not in text] == []
    for command in ("evaluate", "corrupt"):
        assert "demo:digits" in "".join(ln_bench(command, "--help").out.split())


def test_exit_codes():
    def wrong():
        raise LnBenchError("two\nlines")

    def interrupted():
        raise KeyboardInterrupt

    def bug():
        raise ZeroDivisionError

    assert run_command(lambda: None) == 0
    assert run_command(wrong) == 2
    assert run_command(interrupted) == 130
    with pytest.raises(ZeroDivisionError):
        run_command(bug)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4))
def test_random_words_never_make_a_traceback(words):
    import typer

    from robustbench_ln.cli.main import app

    if {"--help", "--version"} & set(words):
        return
    command = typer.main.get_command(app)
    code = run_command(lambda: command.main(list(words), "ln-bench", standalone_mode=False))
    assert code == 2
