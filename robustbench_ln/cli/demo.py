"""`ln-bench demo`: a whole evaluation of two shipped networks, without options."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import Annotated

import typer

from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.texts.console import say

__all__ = ["demo"]

_WIDTH = 100


def demo(
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Run directories and report; the same command resumes it"),
    ] = Path("ln-bench-demo"),
) -> None:
    """Show in a minute how BatchNorm and LocalNorm read noisy digits, in every mode.

    The digits and the two networks come with the package: nothing is fetched, nothing is written
    outside DIR.
    """
    from robustbench_ln.demo import describe_outcome, run_demo
    from robustbench_ln.reports.report import write_report
    from robustbench_ln.reports.terminal import terminal_tables
    from robustbench_ln.runs.results import read_results

    with open_display(spell) as display:
        runs = run_demo(out, progress=display)
        written = write_report(read_results(runs), out / "report")
    figure = next(file for file in written.files if file.suffix == ".png")
    say(f"{terminal_tables(written.tables, width=_WIDTH)}\n")
    say(fill(describe_outcome(written.frame), _WIDTH, break_on_hyphens=False))
    say(f"Figure: {figure}\nReport: {written.markdown}")
