"""The report of one or several runs: CSV, Markdown, LaTeX, figures. Same records, same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from robustbench_ln.progress import Progress, Silent
from robustbench_ln.reports.captions import caption, difference_note, limit_stamp
from robustbench_ln.reports.corruption_figure import draw_corruptions, draw_severities
from robustbench_ln.reports.corruption_table import (
    corruption_frame,
    corruption_grid,
    severity_means,
)
from robustbench_ln.reports.figure_style import WIDTHS
from robustbench_ln.reports.figures import draw_figure
from robustbench_ln.reports.grids import Grid, to_markdown
from robustbench_ln.reports.latex import to_latex
from robustbench_ln.reports.noise_table import (
    accuracy_grid,
    noise_frame,
    noise_grid,
    random_group_grid,
)
from robustbench_ln.reports.report_files import csv_bytes, write_files
from robustbench_ln.reports.summary import Baseline
from robustbench_ln.reports.summary_section import (
    SummaryLine,
    summarise_runs,
    summary_frame,
    summary_markdown,
)
from robustbench_ln.reports.tables import Table, make_tables
from robustbench_ln.runs.frame import make_frame
from robustbench_ln.runs.reading import Run, read_runs

__all__ = ["Report", "write_report"]


class Report(NamedTuple):
    """What was read, and the files that were written."""

    frame: pd.DataFrame
    summary: list[SummaryLine]
    files: tuple[Path, ...]

    @property
    def markdown(self) -> Path:
        """The file that has every table and figure."""
        return self.files[-1]


def write_report(
    paths: Sequence[Path],
    out: Path,
    labels: Sequence[str] = (),
    baseline: Baseline | None = None,
    progress: Progress | None = None,
) -> Report:
    """Write the tables and figures of some runs into a folder.

    cells.csv has a row for each cell; accuracy_*.csv, .tex, .png and .svg are one table each;
    summary.csv has what each mode comes down to; report.md has them all.

    Args:
        paths: Run directories.
        out: Made if it does not exist. Files of an earlier report are replaced.
        labels: What tables call the runs; () takes their own labels.
        baseline: What mCE is relative to; None gives the mean error alone.
        progress: Is told how far it is.

    Raises:
        RecordError: A run cannot be read, or a file cannot be written.
        SpecError: The labels do not fit the runs.
    """
    progress = progress or Silent()
    runs = read_runs(paths, labels)
    frame = make_frame(runs)
    tables = make_tables(frame)
    contents = {"cells.csv": csv_bytes(frame)}
    for table in tables:
        contents[f"accuracy_{table.name}.csv"] = csv_bytes(_wide_frame(table))
        contents[f"accuracy_{table.name}.tex"] = _latex(runs, table).encode()
        contents |= _figures(table, progress)
    summary = summarise_runs(runs, baseline, progress)
    if summary:
        contents["summary.csv"] = csv_bytes(summary_frame(summary))
    contents["report.md"] = _markdown(
        runs, [summary_markdown(summary, baseline), *map(_section, tables)]
    ).encode()
    return Report(frame, summary, write_files(out, contents))


def _markdown(runs: Sequence[Run], sections: Sequence[str]) -> str:
    names = ", ".join(run.label for run in runs)
    parts = [f"# Robustness of {names}\n", _run_section(runs), *filter(None, sections)]
    return "\n".join(parts)


def _run_section(runs: Sequence[Run]) -> str:
    """Return what each run is of, and the commands that made them."""
    digests = [
        (run.records[0].checkpoint_sha256[:12], run.records[0].data_sha256[:12]) for run in runs
    ]
    rows = [
        (r.label, r.checkpoint, network, r.arch, r.data, images, r.normalization, r.device)
        for r, (network, images) in zip(runs, digests, strict=True)
    ]
    header = ("run", "checkpoint", "SHA-256", "network", "data", "SHA-256", "normalize", "device")
    commands = "".join(f"{command}\n" for run in runs for command in run.commands)
    return to_markdown(Grid(header, tuple(rows))) + (f"\n```\n{commands}```\n" if commands else "")


def _section(table: Table) -> str:
    stamp = limit_stamp(table)
    grid = noise_grid(table) if table.is_noise else corruption_grid(table)
    parts = [f"## {table.title}{' - ' + stamp if stamp else ''}\n"]
    if note := difference_note(table):
        parts.append(f"**{note}**\n")
    parts += [to_markdown(grid), f"{caption(table)}\n"]
    parts += [f"![{drawing.shows}]({drawing.name}.png)\n" for drawing in _drawings(table)]
    if table.is_noise and (random := random_group_grid(table)):
        parts.append(
            "Modes with a random group: drawn accuracy in % (its exact expectation over the "
            "groups ± standard deviation).\n"
        )
        parts.append(to_markdown(random))
    return "\n".join(parts)


def _latex(runs: Sequence[Run], table: Table) -> str:
    """Return a table for a paper, below the commands that made its runs."""
    labels = {column.label for column in table.columns}
    commands = [command for run in runs if run.label in labels for command in run.commands]
    notes = [*commands, r"Needs \usepackage{booktabs}."]
    sentences = [f"{table.title}.", difference_note(table), caption(table)]
    text = to_latex(
        accuracy_grid(table) if table.is_noise else corruption_grid(table),
        caption=" ".join(sentence for sentence in sentences if sentence),
        label=f"tab:accuracy_{table.name}",
    )
    return "".join(f"% {note}\n" for note in notes) + text


def _wide_frame(table: Table) -> pd.DataFrame:
    return noise_frame(table) if table.is_noise else corruption_frame(table)


class _Drawing(NamedTuple):
    """A figure: its file's name, what it shows, and the function that draws it."""

    name: str
    shows: str
    draw: Callable[..., bytes]


def _drawings(table: Table) -> list[_Drawing]:
    name = f"accuracy_{table.name}"
    if table.is_noise:
        drawings = [_Drawing(name, "Accuracy against sigma", draw_figure)]
        return drawings if table.has_curve else []
    drawings = [_Drawing(name, "Accuracy under each corruption", draw_corruptions)]
    if max(len(points.keys() - {0}) for points in severity_means(table).values()) > 1:
        shows = "Mean accuracy against severity"
        drawings.append(_Drawing(f"{name}_severity", shows, draw_severities))
    return drawings


def _figures(table: Table, progress: Progress) -> dict[str, bytes]:
    """Return file name -> content."""
    contents = {}
    for drawing in _drawings(table):
        progress.describe(f"figure {drawing.name}")
        for suffix, inches in WIDTHS.items():
            for kind in ("png", "svg"):
                name = f"{drawing.name}{suffix}.{kind}"
                contents[name] = drawing.draw(table, inches=inches, kind=kind)
    return contents
