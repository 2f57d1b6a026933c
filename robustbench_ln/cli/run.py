"""`ln-bench run`: a suite of evaluations, as a file says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustbench_ln.cli.completion import complete
from robustbench_ln.cli.report import import_ahead, write_usual_report
from robustbench_ln.cli.spelling import key_of, spell
from robustbench_ln.display import open_display
from robustbench_ln.errors import LnBenchError, SpecError
from robustbench_ln.texts.console import say

if TYPE_CHECKING:
    from robustbench_ln.cli.suites import SuiteRun
    from robustbench_ln.evaluation.request import EvaluationRequest

__all__ = ["run"]


def run(
    suite: Annotated[
        str,
        typer.Argument(
            metavar="SUITE",
            help="A .toml file, or a suite that comes with the package (see ln-bench list suites)",
            autocompletion=complete("suites"),
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder for the run directories and the report; the same command resumes",
            show_default=False,
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the commands that would run, and run nothing")
    ] = False,
    allow_code: Annotated[
        bool,
        typer.Option(
            "--allow-code",
            help="Allow model and trust_checkpoint, which run code of the files they name",
        ),
    ] = False,
) -> None:
    """Run the evaluations that a file lists, and write one report of them all.

    The file has a [[run]] table for each evaluation. Keys are the options of ln-bench evaluate, as
    checkpoint, data, noise and stat_batch; [defaults] holds those of every run, and [report] may
    have a baseline. Paths are relative to the file. All runs are checked before the first begins.
    """
    from robustbench_ln.cli.suites import check_files, read_suite
    from robustbench_ln.evaluation.request import evaluate_request
    from robustbench_ln.files.output_folders import refuse_links
    from robustbench_ln.reports.baselines import check_baseline, choose_baseline, severity_tables_of

    asked = read_suite(suite, allow_code=allow_code)
    requests = [_request(one, out) for one in asked.runs]
    conditions = [condition for request in requests for condition in request.spec.conditions]
    check_baseline(choose_baseline(asked.baseline), severity_tables_of(conditions))
    if dry_run:
        say("\n".join(one.command(out) for one in asked.runs))
        return
    check_files(asked)
    refuse_links(out, ["report", *(one.folder for one in asked.runs)], is_deep=False)
    import_ahead()
    for one, request in zip(asked.runs, requests, strict=True):
        with open_display(spell) as display, _named(one):
            display.note(f"{one.folder}:")
            evaluate_request(request, out=out / one.folder, progress=display)
    folders = [out / one.folder for one in asked.runs]
    write_usual_report(folders, out, asked.baseline)


def _request(run: SuiteRun, out: Path) -> EvaluationRequest:
    from robustbench_ln.cli.asked import request_of
    from robustbench_ln.cli.early import check_early
    from robustbench_ln.models.hf_folder import is_hf_name
    from robustbench_ln.models.registry import find_architecture

    with _named(run):
        check_early(run.options)
        arch = run.options["arch"]
        if arch is not None and not is_hf_name(arch):
            find_architecture(arch)
        return request_of(run.options, command=run.command(out))


@contextmanager
def _named(run: SuiteRun) -> Iterator[None]:
    """Say in an error which run of the suite it is of, and call settings by their keys."""
    try:
        yield
    except LnBenchError as error:
        named = SpecError(f"{run.where}: {error.message.spelled(key_of)}")
        for note in getattr(error, "__notes__", ()):
            named.add_note(note)
        raise named from error
