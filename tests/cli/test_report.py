"""What a report imports, and when."""

from __future__ import annotations

import subprocess
import sys

from tests.reports.synthetic_runs import noise_run

AHEAD = """
import sys, threading
from robustbench_ln.cli.report import import_ahead
import_ahead()
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
needed = {"robustbench_ln.reports.report", "matplotlib.figure", "matplotlib.backends.backend_pdf"}
print(sorted(needed - set(sys.modules)), "torch" in sys.modules)
"""
WRITE = """
import sys
from pathlib import Path
from robustbench_ln.cli.report import write_usual_report
write_usual_report([Path(sys.argv[1])], Path(sys.argv[1]), "none")
print([name for name in ("pandas", "scipy", "torch") if name in sys.modules])
"""


def run(program: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_what_it_needs_is_imported_in_a_thread():
    assert run(AHEAD) == "[] False\n"


def test_the_usual_report_does_without_pandas_and_scipy(tmp_path):
    out = run(WRITE, str(noise_run(tmp_path / "run")))
    assert out.splitlines()[-1] == "[]"
    assert (tmp_path / "run" / "report" / "index.html").is_file()
