"""How the program `ln-bench` begins and ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import atexit, gc, sys

class Kept:
    def __del__(self):
        print("taken apart")

kept = Kept()
atexit.register(lambda: print("garbage after", gc.get_threshold()[0]))
sys.argv = ["ln-bench", *{words}]
from robustbench_ln.cli.start import main
main()
"""


@pytest.mark.parametrize(("words", "code"), [(["list", "modes"], 0), (["list", "moods"], 2)])
def test_it_ends_without_taking_its_objects_apart(words, code):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(words=words)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert done.returncode == code
    assert lines[-1] == "garbage after 20000"  # what is registered for the end is done
    assert "taken apart" not in lines
    assert ("dbn-single" in done.stdout, "did you mean" in done.stderr) == (code == 0, code == 2)


def test_a_bug_leaves_with_its_traceback():
    program = (
        "import sys; sys.argv = ['ln-bench', 'list', 'modes']\n"
        "import robustbench_ln.cli.listing as listing\n"
        "listing._TABLES['modes'] = ('', lambda: 1 / 0)\n"
        "from robustbench_ln.cli.start import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"
