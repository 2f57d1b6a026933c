"""`ln-bench mce`: what a table of errors sums up to, without any model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustbench_ln.cli.options import AsJson, Names
from robustbench_ln.cli.spelling import spell
from robustbench_ln.errors import Message
from robustbench_ln.texts.console import say, say_aside, tell

if TYPE_CHECKING:
    from robustbench_ln.metrics.corruption_error import CorruptionErrors

__all__ = ["mce"]


def mce(
    errors: Annotated[
        Path,
        typer.Argument(
            metavar="ERRORS.csv",
            help="Columns corruption, severity (1-5), error; the clean images as clean,0,ERROR",
        ),
    ],
    baseline: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE.csv|RUN[:MODE]|none",
            help="What mCE is relative to: alexnet (ImageNet-C), wrn-40-2 (CIFAR-10-C), a table "
            "of your own, a mode of a run, or none: mean errors only (ln-bench list baselines)",
        ),
    ] = "none",
    percent: Annotated[
        bool, typer.Option("--percent", help="Errors in the files are 0..100, not 0..1")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write mce.csv and mce.md there too", show_default=False),
    ] = None,
    names: Names = "papers",
    as_json: AsJson = False,
) -> None:
    """Sum up errors under common corruptions: mean error, mCE, relative mCE.

    Means are over the 15 corruptions of the benchmark; the 4 extra ones are shown below them. What
    is missing is named, and no mean is given over less than the whole.
    """
    from robustbench_ln.metrics.error_files import find_doubts, read_errors
    from robustbench_ln.reports.json_results import frame_rows, json_text
    from robustbench_ln.reports.mce import summarise_mce, write_mce

    table = read_errors(errors, is_percent=percent)
    relative_to = _read_baseline(baseline, is_percent=percent, names=names)
    tables = [table] if relative_to is None else [table, relative_to]
    doubts = [
        spell(Message(doubt))
        for one in tables
        for doubt in find_doubts(one, is_percent=percent and one.benchmark is None)
    ]
    for doubt in doubts:
        say_aside(f"Warning: {doubt}")
    summary = summarise_mce(table, relative_to, doubts=doubts)
    if as_json:
        of = None if relative_to is None else relative_to.name
        content = {"name": table.name, "baseline": of, "rows": frame_rows(summary.frame)}
        say(json_text("mce", {**content, "doubts": doubts}))
    else:
        say(summary.text, end="")
    for file in write_mce(summary, out) if out else ():
        tell(str(file))


def _read_baseline(name: str, *, is_percent: bool, names: str) -> CorruptionErrors | None:
    from robustbench_ln.reports.baselines import choose_baseline, errors_of
    from robustbench_ln.runs.merging import missing_shards
    from robustbench_ln.runs.results import ModeResults
    from robustbench_ln.runs.variants import check_naming

    baseline = choose_baseline(name, is_percent=is_percent, names=check_naming(names))
    if not isinstance(baseline, ModeResults):
        return baseline
    for line in missing_shards([baseline.run]):
        say_aside(spell(line))
    return errors_of(baseline)
