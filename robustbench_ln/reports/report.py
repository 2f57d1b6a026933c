"""The report of one or several runs: CSV, pages, LaTeX, figures. Same records, same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from robustbench_ln.progress import Progress, Silent
from robustbench_ln.reports.baselines import check_baseline, severity_tables_of, unused_baseline
from robustbench_ln.reports.families import make_tables
from robustbench_ln.reports.html_page import html_page
from robustbench_ln.reports.markdown import markdown_page
from robustbench_ln.reports.measured import measured_section
from robustbench_ln.reports.report_files import csv_bytes, write_files
from robustbench_ln.reports.report_page import (
    asked_section,
    checks_section,
    report_page,
    run_section,
)
from robustbench_ln.reports.report_sections import Press, make_paper_section, make_section
from robustbench_ln.reports.settings import ReportSettings
from robustbench_ln.reports.summary import Baseline, SummaryLine, summarise_modes
from robustbench_ln.reports.summary_text import summary_section
from robustbench_ln.reports.table_html import table_html
from robustbench_ln.reports.tables import Table
from robustbench_ln.reports.terminal import terminal_tables
from robustbench_ln.runs.frame import cell_columns, make_frame
from robustbench_ln.runs.outcomes import read_outcomes
from robustbench_ln.runs.results import ModeResults, runs_of
from robustbench_ln.runs.variants import mode_title
from robustbench_ln.texts.safe import for_file_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Report", "write_report"]


class Report(NamedTuple):
    """What was read, and the files that were written."""

    modes: list[ModeResults]
    tables: list[Table]
    summary: list[SummaryLine]
    files: tuple[Path, ...]

    def __repr__(self) -> str:
        return f"{terminal_tables(self.tables)}\n\nPage: {self.page}"

    def _repr_html_(self) -> str:
        return "".join(map(table_html, self.tables)) + f"<p>Page: {escape(str(self.page))}</p>"

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each cell."""
        return make_frame(self.modes)

    @property
    def page(self) -> Path:
        """The one file to share."""
        return next(path for path in self.files if path.name == "index.html")

    @property
    def markdown(self) -> Path:
        """The file that has every table and figure."""
        return next(path for path in self.files if path.name == "report.md")


def write_report(
    modes: Sequence[ModeResults],
    out: Path,
    settings: ReportSettings | None = None,
    *,
    progress: Progress | None = None,
) -> Report:
    """Write the tables and figures of some runs into a folder.

    cells.csv has a row for each cell; accuracy_*.csv, .tex and figures are one table each;
    summary.csv has what each mode comes down to; report.md and index.html have them all.

    Args:
        modes: The modes of the runs, as `read_results` returns them.
        out: Made if it does not exist. Files of an earlier report are replaced.
        settings: What is asked; None is the usual report.
        progress: Display that shows how far the job is.

    Raises:
        RecordError: Predictions cannot be read, or a file cannot be written.
        SpecError: A baseline of another benchmark.
    """
    settings, progress = settings or ReportSettings(), progress or Silent()
    modes, baseline = _read_outcomes(modes, settings, progress)
    runs, tables, summary = runs_of(modes), make_tables(modes), summarise_modes(modes, baseline)
    notes = [f"Note: {note}" for note in unused_baseline(modes, summary, baseline)]
    for note in notes:
        progress.note(note)
    press = Press(for_file_name([run.label for run in runs]), settings, progress)
    shown = [make_section(table, press) for table in tables]
    found = summary_section(summary, baseline, notes)
    papers = make_paper_section(tables, press)
    measured = measured_section(tables, runs, settings.naming)
    about = [*measured.blocks, *checks_section(runs)]
    contents = {"cells.csv": csv_bytes(cell_columns(modes))}
    for section in (*shown, found, papers, measured):
        contents |= section.files
    progress.describe("index.html")
    blocks = [block for section in shown for block in section.blocks]
    parts = [block for section in shown for block in (*section.blocks, *section.below)]
    page = [*found.blocks, *parts, *papers.blocks, *about, *asked_section(runs)]
    contents["index.html"] = html_page(report_page(runs, page), contents)
    text = [*run_section(runs), *about, *found.blocks, *blocks, *papers.blocks]
    contents["report.md"] = markdown_page(text).encode()
    return Report(modes, tables, summary, write_files(out, contents))


def _read_outcomes(
    modes: Sequence[ModeResults], settings: ReportSettings, progress: Progress
) -> tuple[list[ModeResults], Baseline | None]:
    """Return modes and baseline as they are to be called, with what was right image by image."""
    baseline = settings.baseline
    check_baseline(baseline, severity_tables_of(c for mode in modes for c in mode.cells))
    given = [*modes, baseline] if isinstance(baseline, ModeResults) else modes
    named = [replace(mode, title=mode_title(mode.variant, settings.naming)) for mode in given]
    read = read_outcomes(named, progress)
    return read[: len(modes)], read[-1] if isinstance(baseline, ModeResults) else baseline
