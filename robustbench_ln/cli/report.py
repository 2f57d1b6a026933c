"""`ln-bench report`: tables and figures of finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Run directories of ln-bench evaluate"),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the files. Default: RUN/report; required for several runs.",
            show_default=False,
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="What tables call a run; once for each run. Default: the label it was made with.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the tables and figures of one or several runs, side by side.

    cells.csv, accuracy_*.csv, .png and .svg, and report.md; the tables also on stdout.

    Example: ln-bench report runs/bn runs/localnorm --label bn --label localnorm --out compared
    """
    from shutil import get_terminal_size

    from robustbench_ln.errors import SpecError
    from robustbench_ln.reports.report import write_report
    from robustbench_ln.reports.terminal import terminal_tables

    if out is None and len(runs) > 1:
        raise SpecError(f"{len(runs)} runs need a folder for their report; give --out DIR")
    written = write_report(runs, out or runs[0] / "report", label or ())
    typer.echo(terminal_tables(written.frame, width=max(80, get_terminal_size().columns)))
    for file in written.files:
        typer.echo(str(file), err=True)
