"""The report of one or several runs: CSV, Markdown, LaTeX, figures. Same records, same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

import pandas as pd

from robustbench_ln.progress import Progress, Silent
from robustbench_ln.reports.baselines import check_baseline, severity_tables_of, unused_baseline
from robustbench_ln.reports.captions import (
    caption,
    difference_note,
    limit_stamp,
    short_caption,
)
from robustbench_ln.reports.checks_section import checks_section
from robustbench_ln.reports.drawings import Press
from robustbench_ln.reports.families import make_tables
from robustbench_ln.reports.figure_style import KINDS, WIDTH, check_formats, check_width
from robustbench_ln.reports.figures import draw_accuracy
from robustbench_ln.reports.grids import Grid, to_markdown
from robustbench_ln.reports.latex import latex_comments, to_latex
from robustbench_ln.reports.markdown import code, heading, page, paragraph, strong
from robustbench_ln.reports.measured import measured_files, measured_section
from robustbench_ln.reports.paper_figures import ACCURACY, choose_figures
from robustbench_ln.reports.paper_section import make_paper_section
from robustbench_ln.reports.report_files import csv_bytes, write_files
from robustbench_ln.reports.summary import Baseline, SummaryLine, summarise_modes
from robustbench_ln.reports.summary_text import summary_frame, summary_markdown
from robustbench_ln.reports.table_grids import accuracy_grid, full_grid, wide_frame
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.frame import make_frame
from robustbench_ln.runs.reading import Run
from robustbench_ln.runs.results import ModeResults, read_outcomes
from robustbench_ln.runs.variants import check_naming, mode_title
from robustbench_ln.texts.safe import Markdown, for_file_name

__all__ = ["Report", "write_report"]


class Report(NamedTuple):
    """What was read, and the files that were written."""

    frame: pd.DataFrame
    tables: list[Table]
    summary: list[SummaryLine]
    files: tuple[Path, ...]

    @property
    def markdown(self) -> Path:
        """The file that has every table and figure."""
        return next(path for path in self.files if path.name == "report.md")


def write_report(  # noqa: PLR0913  (one parameter for each setting)
    modes: Sequence[ModeResults],
    out: Path,
    baseline: Baseline | None = None,
    *,
    progress: Progress | None = None,
    figures: Sequence[str] = (ACCURACY,),
    names: str = "papers",
    formats: Sequence[str] = KINDS,
    width: float = WIDTH,
) -> Report:
    """Write the tables and figures of some runs into a folder.

    cells.csv has a row for each cell; accuracy_*.csv, .tex and figures are one table each;
    summary.csv has what each mode comes down to; report.md has them all.

    Args:
        modes: The modes of the runs, as `read_results` returns them.
        out: Made if it does not exist. Files of an earlier report are replaced.
        baseline: What mCE is relative to; None gives the mean error alone.
        progress: Display that shows how far the job is.
        figures: Names of the figures to make, "all" or "none".
        formats: Kinds of files of each figure: "png", "svg", "pdf".
        names: What tables and figures call the modes: "papers", as the papers do, or "ids".
        width: Width of the figures, in inches.

    Raises:
        RecordError: Predictions cannot be read, or a file cannot be written.
        SpecError: An unknown figure, a baseline of another benchmark, or a width that none can
            have.
    """
    chosen, inches, kinds = choose_figures(figures), check_width(width), check_formats(formats)
    progress = progress or Silent()
    naming = check_naming(names)
    modes = [replace(mode, title=mode_title(mode.variant, naming)) for mode in modes]
    check_baseline(baseline, severity_tables_of(c for mode in modes for c in mode.cells))
    if isinstance(baseline, ModeResults):
        baseline = replace(baseline, title=mode_title(baseline.variant, naming))
        *modes, baseline = read_outcomes([*modes, baseline], progress)
    else:
        modes = read_outcomes(modes, progress)
    frame, tables, summary = make_frame(modes), make_tables(modes), summarise_modes(modes, baseline)
    drawings = {t: draw_accuracy(t, inches) if ACCURACY in chosen else [] for t in tables}
    notes = unused_baseline(modes, summary, baseline)
    notes += [_no_curve(t) for t in tables if ACCURACY in chosen and not drawings[t]]
    for note in notes:
        progress.note(f"Note: {note}")
    runs = _runs_of(modes)
    press = Press(for_file_name([run.label for run in runs]), inches, kinds)
    name = f"{ACCURACY}_{press.whose}"
    contents = {"cells.csv": csv_bytes(frame)}
    for table in tables:
        contents[f"{name}_{table.name}.csv"] = csv_bytes(wide_frame(table))
        contents[f"{name}_{table.name}.tex"] = _latex(table, name).encode()
        for drawing in drawings[table]:
            progress.describe(f"figure {ACCURACY}{drawing.ending}")
            contents |= drawing.files(name, kinds)
    if summary:
        contents["summary.csv"] = csv_bytes(summary_frame(summary))
    papers = make_paper_section(tables, chosen, press, progress)
    contents |= papers.files
    contents |= measured_files(tables, runs)
    sections = [
        _run_section(runs),
        measured_section(tables, runs, naming),
        checks_section(runs),
        page(strong(f"Note: {note}.") for note in notes),
        summary_markdown(summary, baseline),
        *(_section(table, [d.picture(name, kinds) for d in drawings[table]]) for table in tables),
        papers.markdown,
    ]
    contents["report.md"] = page(sections).encode()
    return Report(frame, tables, summary, write_files(out, contents))


def _no_curve(table: Table) -> str:
    return f"no figure {ACCURACY} of {table.title}: it needs a sigma above 0"


def _runs_of(modes: Iterable[ModeResults]) -> list[Run]:
    return list({mode.run.path: mode.run for mode in modes}.values())


def _run_section(runs: Sequence[Run]) -> Markdown:
    """Return what each run is of, and the commands that made them."""
    rows = [
        (run.label, run.checkpoint, run.records[0].checkpoint_sha256[:12], run.arch, run.data,
         run.records[0].data_sha256[:12], run.normalization, run.device)
        for run in runs
    ]  # fmt: skip
    header = ("run", "checkpoint", "SHA-256", "network", "data", "SHA-256", "normalize", "device")
    title = heading(1, f"Robustness of {', '.join(run.label for run in runs)}")
    commands = code(command for run in runs for command in run.commands)
    return page([title, to_markdown(Grid(header, tuple(rows))), commands])


def _section(table: Table, pictures: Sequence[Markdown]) -> Markdown:
    stamp, note = limit_stamp(table), difference_note(table)
    parts = [heading(2, f"{table.heading}{stamp and f' - {stamp}'}")]
    parts += [strong(note)] if note else []
    parts += [to_markdown(full_grid(table)), paragraph(caption(table))]
    parts += pictures
    return page([*parts, *table.family.notes_below(table)])


def _latex(table: Table, name: str) -> str:
    """Return a table for a paper, below the commands that made its runs."""
    notes = [command for run in _runs_of(table.modes) for command in run.commands]
    notes += [*wrap(caption(table), 100, break_on_hyphens=False), r"Needs \usepackage{booktabs}."]
    label = f"tab:{name}_{table.name}"
    text = to_latex(accuracy_grid(table), caption=short_caption(table), label=label)
    return latex_comments(notes) + text
