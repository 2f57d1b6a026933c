"""The summary of a table of errors: per corruption, mean error, mCE and relative mCE."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from robustbench_ln.corruption_names import SEVERITIES
from robustbench_ln.metrics.corruption_error import (
    MEAN_ROW,
    CorruptionErrors,
    SummaryRow,
    summarise_errors,
)
from robustbench_ln.reports.blocks import Heading, Paragraph
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.markdown import markdown_page
from robustbench_ln.reports.numbers import MISSING, fixed
from robustbench_ln.reports.report_files import csv_bytes, write_files
from robustbench_ln.reports.terminal import plain_text
from robustbench_ln.runs.columns import Columns
from robustbench_ln.texts.safe import Markdown

__all__ = ["MceSummary", "summarise_mce", "write_mce"]

_MOST_NAMED = 10
"""Missing cells that are named; of more, the number is given."""


class MceSummary(NamedTuple):
    """A summary in every form that it is shown in: `text` is plain ASCII, 80 columns wide."""

    text: str
    markdown: Markdown
    frame: pd.DataFrame


def summarise_mce(
    errors: CorruptionErrors, baseline: CorruptionErrors | None, *, doubts: Sequence[str] = ()
) -> MceSummary:
    """Return errors per corruption and severity, and what the field sums them up to.

    Args:
        errors: Errors of the network.
        baseline: What corruption errors are relative to; None for the plain errors alone.
        doubts: Why the errors may be none, in sentences that stand with the numbers.

    Raises:
        RecordError: The baseline makes no error somewhere.
    """
    rows = summarise_errors(errors, baseline)
    title = f"{errors.name}: error in %" + (
        f"; corruption error (CE) in % of {baseline.name}" if baseline else ""
    )
    grid = _grid(rows, has_baseline=baseline is not None)
    sentences = [*_sentences(rows, errors, baseline), *(f"Warning: {doubt}." for doubt in doubts)]
    return MceSummary(
        text=plain_text([[title], [grid], sentences], width=80),
        markdown=markdown_page([Heading(1, title), grid, *map(Paragraph, sentences)]),
        frame=_frame(rows),
    )


def write_mce(summary: MceSummary, out: Path) -> tuple[Path, ...]:
    """Write mce.csv and mce.md into a folder; return their paths.

    Raises:
        RecordError: They cannot be written.
    """
    numbers = csv_bytes(Columns.of_frame(summary.frame))
    contents = {"mce.csv": numbers, "mce.md": summary.markdown.encode()}
    return write_files(out, contents)


def _grid(rows: Sequence[SummaryRow], *, has_baseline: bool) -> Grid:
    header = ("corruption", *map(str, SEVERITIES), "mean")
    lines = [(row.name, *map(_percent, (*row.by_severity, row.mean))) for row in rows]
    if has_baseline:
        header = (*header, "CE", "relative CE")
        ratios = [(_percent(row.ce), _percent(row.relative_ce)) for row in rows]
        lines = [(*line, *pair) for line, pair in zip(lines, ratios, strict=True)]
    return Grid(header, tuple(lines))


def _percent(share: float | None) -> str:
    """Return two decimals, as the golden results of this field are quoted."""
    return MISSING if share is None else fixed(100 * share, 2)


def _sentences(
    rows: Sequence[SummaryRow], errors: CorruptionErrors, baseline: CorruptionErrors | None
) -> list[str]:
    mean = next(row for row in rows if row.name == MEAN_ROW)
    given = {
        "Mean error of the 15 over all severities, unnormalised (CIFAR papers' mCE)": mean.mean
    }
    if baseline:
        given[f"mCE, relative to {baseline.name}"] = mean.ce
        given["Relative mCE, of the rise above the clean error"] = mean.relative_ce
    sentences = [
        f"{name}: {_percent(value)} %." for name, value in given.items() if value is not None
    ]
    absent = [name for name, value in given.items() if value is None]
    if absent:
        reasons = "; ".join(_reasons(errors, baseline))
        sentences.append(f"Not given for lack of {reasons}: {'; '.join(absent)}.")
    return sentences


def _reasons(errors: CorruptionErrors, baseline: CorruptionErrors | None) -> list[str]:
    """Return what is missing, in either table."""
    reasons = []
    for table in (errors, baseline):
        if table is None:
            continue
        cells = table.missing_cells()
        if cells:
            named = ", ".join(cells) if len(cells) <= _MOST_NAMED else f"{len(cells)} of 75 cells"
            reasons.append(f"{named} in {table.name}")
        if table.clean is None and baseline is not None:
            reasons.append(f"the clean error (clean,0,ERROR) in {table.name}")
    return reasons


def _frame(rows: Sequence[SummaryRow]) -> pd.DataFrame:
    """Return the numbers of the summary, shares and ratios, for a CSV file."""
    names = ("corruption", *(f"severity_{level}" for level in SEVERITIES))
    lines = [(row.name, *row.by_severity, row.mean, row.ce, row.relative_ce) for row in rows]
    return pd.DataFrame(lines, columns=[*names, "mean", "ce", "relative_ce"])
