"""`ln-bench report`: tables and figures of finished runs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

import typer

from robustbench_ln.cli.completion import complete
from robustbench_ln.cli.name_checks import split_names
from robustbench_ln.cli.options import AsJson, Baseline, Names
from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.errors import Message, SpecError
from robustbench_ln.texts.console import say, say_aside, tell

if TYPE_CHECKING:
    from robustbench_ln.reports.settings import ReportSettings
    from robustbench_ln.reports.summary import Baseline as ReportBaseline

__all__ = ["import_ahead", "report", "write_usual_report"]


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Run directories of ln-bench evaluate; shards of a run, or the folder that holds "
            "them, are one run",
        ),
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
    baseline: Baseline = "none",
    figures: Annotated[
        str,
        typer.Option(
            metavar="all|none|LIST",
            autocompletion=complete("figures"),
            help="Figures to draw: accuracy, and the papers' clean, images, histogram, confusion, "
            "bars, cost, votes, reliability, spread, sweep",
        ),
    ] = "accuracy",
    names: Names = "papers",
    format: Annotated[
        str,
        typer.Option(metavar="png,svg,pdf", help="Kinds of files of each figure, comma-separated"),
    ] = "png,svg,pdf",
    width: Annotated[
        float,
        typer.Option(
            metavar="INCHES",
            help="Width of the figures, from 3 to 12: 3.3 for one column of a journal's page, "
            "6.8 for both",
        ),
    ] = 6.8,
    as_json: AsJson = False,
) -> None:
    """Write the tables and figures of one or several runs, side by side.

    cells.csv, summary.csv, accuracy_*.csv, .tex, .png, .svg and .pdf, references.bib, report.md and
    index.html, one file to share that has it all; the tables also on stdout.
    """
    from robustbench_ln.reports.report_files import report_folder
    from robustbench_ln.reports.settings import ReportSettings

    if out is None and len(runs) > 1:
        raise SpecError(f"{len(runs)} runs need a folder for their report; give --out DIR")
    folder = report_folder(runs[0]) if out is None else out
    settings = ReportSettings(
        baseline=_baseline_named(baseline),
        figures=split_names(figures),
        names=names,
        formats=split_names(format),
        width=width,
    )
    _write_and_print(runs, folder, settings, label or (), as_json=as_json)


def import_ahead() -> None:
    """Import what a report needs, 0.5 s, in a thread, while a command measures.

    No daemon: Python must not end within an import.
    """
    threading.Thread(target=_import_report).start()


def _import_report() -> None:
    with suppress(Exception):  # whoever needs it imports it again, and says what is wrong
        for name in ("reports.report", "reports.figure_layout"):
            import_module(f"robustbench_ln.{name}")
        for backend in ("agg", "svg", "pdf"):
            import_module(f"matplotlib.backends.backend_{backend}")


def write_usual_report(runs: Sequence[Path], out: Path, baseline: str) -> None:
    """Write the report that a measurement ends with."""
    from robustbench_ln.reports.settings import ReportSettings

    _write_and_print(runs, out / "report", ReportSettings(baseline=_baseline_named(baseline)))


def _baseline_named(text: str) -> ReportBaseline | None:
    """Return what --baseline names; say where its table looks like none of errors."""
    from robustbench_ln.reports.baselines import choose_baseline, doubts_of

    baseline = choose_baseline(text)
    for doubt in doubts_of(baseline):
        say_aside(f"Warning: {spell(Message(doubt))}")
    return baseline


def _write_and_print(
    runs: Sequence[Path],
    out: Path,
    settings: ReportSettings,
    labels: Sequence[str] = (),
    *,
    as_json: bool = False,
) -> None:
    """Write the report of some runs; tables go to stdout, the names of the files to stderr."""
    from robustbench_ln.reports.report import write_report
    from robustbench_ln.reports.summary_text import summary_text
    from robustbench_ln.reports.terminal import terminal_tables
    from robustbench_ln.runs.merging import missing_shards
    from robustbench_ln.runs.results import ModeResults, read_results

    with open_display(spell) as display:
        modes = read_results(runs, labels)
        based = [settings.baseline] if isinstance(settings.baseline, ModeResults) else []
        for line in missing_shards(mode.run for mode in [*modes, *based]):
            display.note(line)
        written = write_report(modes, out, settings, progress=display)
    if as_json:
        from robustbench_ln.reports.json_results import json_text, report_json

        say(json_text("report", report_json(written, written.files)))
    else:
        width = max(80, get_terminal_size().columns)
        say(terminal_tables(written.tables, width=width))
        if written.summary:
            say("\n" + summary_text(written.summary, settings.baseline, width=width), end="")
    for file in written.files:
        tell(str(file))
