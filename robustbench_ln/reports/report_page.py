"""What the pages of a report say of its runs: what they are of, their checks, what was asked."""

from __future__ import annotations

from collections.abc import Sequence

from robustbench_ln.reports.blocks import Block, Code, Heading, Picture, Strong
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.html_page import Page
from robustbench_ln.reports.numbers import general, number_range
from robustbench_ln.reports.sample_slides import Slides
from robustbench_ln.runs.reading import MISSING, Run

__all__ = ["asked_section", "checks_section", "report_page", "run_section"]


def report_page(runs: Sequence[Run], blocks: Sequence[Block | Slides]) -> Page:
    """Return the page of some runs; warnings of their checks stand at its beginning."""
    labels = ", ".join(run.label for run in runs)
    data = ", ".join(dict.fromkeys(run.data for run in runs))
    lead = [f"Networks under noise and corruption, measured on {data}.", _says_images(blocks)]
    warnings = [
        Strong(f"{run.label}: {check.line}")
        for run in runs
        for check in run.checks
        if check.status == "warning" and check.line is not None
    ]
    return Page(f"Robustness of {labels}", lead, [*warnings, *blocks])


def _says_images(blocks: Sequence[Block | Slides]) -> str:
    has_images = any(
        isinstance(block, Slides) or (isinstance(block, Picture) and block.drawing.has_images)
        for block in blocks
    )
    if has_images:
        return (
            "This page contains test images: check the licence of the data set before you share it."
        )
    return "This page contains no test images."


def run_section(runs: Sequence[Run]) -> list[Block]:
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


def checks_section(runs: Sequence[Run]) -> list[Block]:
    """Return what checks said: warnings and notes in full, the others by name; [] if none.

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


def asked_section(runs: Sequence[Run]) -> list[Block]:
    """Return the section that says exactly what was measured: commands, versions, digests."""
    facts = [_facts(run) for run in runs]
    names = dict.fromkeys(name for of_run in facts for name in of_run)
    rows = tuple((name, *(of_run.get(name, MISSING) for of_run in facts)) for name in names)
    commands = tuple(dict.fromkeys(command for run in runs for command in run.commands))
    section: list[Block] = [Heading(2, "What was asked")]
    section += [Code(commands)] if commands else []
    return [*section, Grid(("", *(run.label for run in runs)), rows)]


def _facts(run: Run) -> dict[str, str]:
    first, about = run.records[0], run.identity
    versions = {f"version of {name}": number for name, number in first.versions.items()}
    return {
        "checkpoint": run.checkpoint,
        "SHA-256 of the checkpoint": first.checkpoint_sha256,
        "network": run.arch,
        "parameters": f"{about['checkpoint num_parameters']:,}",
        "images": run.data,
        "SHA-256 of the images": first.data_sha256,
        "number of images": number_range(record.total for record in run.records),
        "limit": MISSING if first.limit is None else general(first.limit),
        "order": first.order,
        "seeds": ", ".join(map(str, sorted({record.seed for record in run.records}))),
        "input normalisation": run.normalization,
        "device": run.device,
        **versions,
    }
