"""What index.html has besides report.md: samples, and all that was asked, in an order to read."""

from __future__ import annotations

from collections.abc import Sequence

from robustbench_ln.reports.blocks import Block, Code, Heading, Picture, Strong
from robustbench_ln.reports.drawings import Section
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.html_page import Page
from robustbench_ln.reports.numbers import general, number_range
from robustbench_ln.reports.sample_slides import Slides, make_slides
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.reading import MISSING, Run

__all__ = ["asked_section", "report_page", "with_slides"]


def with_slides(table: Table, section: Section) -> Sequence[Block | Slides]:
    """Return the section of a table, and below it the samples that its runs kept."""
    slides = make_slides(table)
    if slides is None:
        return section.blocks
    return [*section.blocks, Heading(3, "The first images, level by level"), slides]


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
