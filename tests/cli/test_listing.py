"""`ln-bench list`: every list, and what it does not import."""

from __future__ import annotations

import subprocess
import sys

from robustbench_ln.cli.listing import _TABLES

LIST_ALL = """
import sys
from robustbench_ln.cli.main import run_command_line
for words in {lists}:
    for extra in ([], ["--json"]):
        sys.argv = ["ln-bench", "list", *words, *extra]
        assert run_command_line() == 0, words
        assert "torch" not in sys.modules, words
"""


def test_no_list_imports_torch():
    lists = [[], *([name] for name in _TABLES)]
    code = LIST_ALL.format(lists=lists)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("dbn-single", "noisy", "agn-additive", "glass_blur", "resnet20", "cifar-vgg"):
        assert word in done.stdout
