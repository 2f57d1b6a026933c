"""The report of one or several runs: CSV, pages, LaTeX, figures. Same records, same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from robustbench_ln.progress import Progress, Silent
from robustbench_ln.reports.baselines import check_baseline, severity_tables_of, unused_baseline
from robustbench_ln.reports.blocks import Block, Code, Heading, Strong
from robustbench_ln.reports.checks_section import checks_section
from robustbench_ln.reports.drawings import Press
from robustbench_ln.reports.families import make_tables
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.html_page import html_page
from robustbench_ln.reports.markdown import markdown_page
from robustbench_ln.reports.measured import measured_files, measured_section
from robustbench_ln.reports.paper_section import make_paper_section
from robustbench_ln.reports.report_files import csv_bytes, write_files
from robustbench_ln.reports.report_page import asked_section, report_page, with_slides
from robustbench_ln.reports.settings import ReportSettings
from robustbench_ln.reports.summary import Baseline, SummaryLine, summarise_modes
from robustbench_ln.reports.summary_text import summary_columns, summary_section
from robustbench_ln.reports.table_html import table_html
from robustbench_ln.reports.table_section import make_section
from robustbench_ln.reports.tables import Table
from robustbench_ln.reports.terminal import terminal_tables
from robustbench_ln.runs.frame import cell_columns, make_frame
from robustbench_ln.runs.reading import Run
from robustbench_ln.runs.results import ModeResults, read_outcomes, runs_of
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
    modes = [replace(mode, title=mode_title(mode.variant, settings.naming)) for mode in modes]
    baseline = settings.baseline
    if isinstance(baseline, ModeResults):
        baseline = replace(baseline, title=mode_title(baseline.variant, settings.naming))
    modes, baseline = _read_outcomes(modes, baseline, progress)
    tables, summary = make_tables(modes), summarise_modes(modes, baseline)
    notes = [f"Note: {note}" for note in unused_baseline(modes, summary, baseline)]
    for note in notes:
        progress.note(note)
    runs = runs_of(modes)
    press = Press(for_file_name([run.label for run in runs]), settings.width, settings.kinds)
    sections = [make_section(t, press, settings.chosen, progress) for t in tables]
    papers = make_paper_section(tables, settings.chosen, press, progress)
    about = [*measured_section(tables, runs, settings.naming), *checks_section(runs)]
    found = [*(Strong(f"{note}.") for note in notes), *summary_section(summary, baseline)]
    contents = {"cells.csv": csv_bytes(cell_columns(modes))}
    for section in sections:
        contents |= section.files
    if summary:
        contents["summary.csv"] = csv_bytes(summary_columns(summary))
    contents |= papers.files | measured_files(tables, runs)
    shown = [block for section in sections for block in section.blocks]
    blocks = [*_run_section(runs), *about, *found, *shown, *papers.blocks]
    progress.describe("index.html")
    parts = [b for t, s in zip(tables, sections, strict=True) for b in with_slides(t, s)]
    page = report_page(runs, [*found, *parts, *papers.blocks, *about, *asked_section(runs)])
    contents["index.html"] = html_page(page, contents)
    contents["report.md"] = markdown_page(blocks).encode()
    return Report(modes, tables, summary, write_files(out, contents))


def _read_outcomes(
    modes: Sequence[ModeResults], baseline: Baseline | None, progress: Progress
) -> tuple[list[ModeResults], Baseline | None]:
    """Return modes and baseline with what was right image by image."""
    check_baseline(baseline, severity_tables_of(c for mode in modes for c in mode.cells))
    if not isinstance(baseline, ModeResults):
        return read_outcomes(modes, progress), baseline
    *found, relative_to = read_outcomes([*modes, baseline], progress)
    return found, relative_to


def _run_section(runs: Sequence[Run]) -> list[Block]:
    """Return what each run is of, and the commands that made them."""
    rows = [
        (run.label, run.checkpoint, run.records[0].checkpoint_sha256[:12], run.arch, run.data,
         run.records[0].data_sha256[:12], run.normalization, run.device)
        for run in runs
    ]  # fmt: skip
    header = ("run", "checkpoint", "SHA-256", "network", "data", "SHA-256", "normalize", "device")
    title = Heading(1, f"Robustness of {', '.join(run.label for run in runs)}")
    commands = Code(tuple(command for run in runs for command in run.commands))
    return [title, Grid(header, tuple(rows)), commands]
