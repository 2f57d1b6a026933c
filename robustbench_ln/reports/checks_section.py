"""What the checks of runs said."""

from __future__ import annotations

from collections.abc import Sequence

from robustbench_ln.reports.blocks import Block, Heading
from robustbench_ln.reports.grids import Grid
from robustbench_ln.runs.reading import Run

__all__ = ["checks_section"]


def checks_section(runs: Sequence[Run]) -> list[Block]:
    """Return the section of a report: warnings and notes in full, the others by name; [] if none.

    Runs of earlier versions, which had no checks, are left out.
    """
    rows = [
        (run.label, ", ".join(check.name for check in run.checks if check.status == status), status)
        for run in runs
        for status in ("passed", "not applicable")
    ]
    said = [
        (run.label, check.name, check.line)
        for run in runs
        for check in run.checks
        if check.line is not None
    ]
    kept = tuple(row for row in [*said, *rows] if row[1])
    grid = Grid(("run", "check", "outcome"), kept)
    return [Heading(2, "Checks"), grid] if kept else []
