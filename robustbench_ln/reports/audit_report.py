"""The files of an audit: audit.csv, figures, and a page with the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from robustbench_ln.progress import Progress
from robustbench_ln.reports.audit import audit_frame, audit_sentences, condition_name, judged
from robustbench_ln.reports.audit_figures import audit_drawings
from robustbench_ln.reports.blocks import Heading, Paragraph
from robustbench_ln.reports.markdown import markdown_page
from robustbench_ln.reports.report_files import csv_bytes, write_files
from robustbench_ln.runs.columns import Columns
from robustbench_ln.runs.description import read_description
from robustbench_ln.runs.outcomes import read_outcomes
from robustbench_ln.runs.results import ModeResults, read_results
from robustbench_ln.runs.variants import Naming

__all__ = ["WrittenAudit", "write_audit"]


_MIXED = (
    " Mixed and growing are streams in which each image has one of the conditions, clean included; "
    "they are compared with the mean over all of them."
)


class WrittenAudit(NamedTuple):
    """What was written.

    Attributes:
        sentences: The verdict.
        paths: The files.
    """

    sentences: list[str]
    paths: tuple[Path, ...]


def write_audit(
    runs: Mapping[str, Path], out: Path, *, names: Naming = "papers", progress: Progress
) -> WrittenAudit:
    """Write the report of an audit.

    Args:
        runs: Stream -> its run directory.
        out: Folder of the report.
        names: What sentences and figures call the modes.
        progress: Display that shows how far the job is.

    Raises:
        RecordError: A run is damaged, or a file cannot be written.
    """
    modes = read_outcomes(read_results([*runs.values()], [*runs], names), progress)
    sentences = audit_sentences(modes)
    contents = {"audit.csv": csv_bytes(Columns.of_frame(audit_frame(modes)))}
    label = read_description(next(iter(runs.values()))).label
    drawings = list(audit_drawings(modes, label))
    for drawing in drawings:
        progress.describe(f"audit{drawing.ending}")
        contents |= dict(drawing.files("audit"))
    text = markdown_page(
        [
            Heading(1, f"Audit of {label}"),
            *map(Paragraph, [*sentences, _describe(modes)]),
            *(block for drawing in drawings for block in drawing.blocks("audit")),
        ]
    )
    contents["audit.md"] = text.encode()
    return WrittenAudit(sentences, write_files(out, contents))


def _describe(modes: Sequence[ModeResults]) -> str:
    """Return what the sentences are about, and what their intervals are."""
    found = [condition for mode in modes for condition in mode.cells if condition.parts is None]
    conditions = judged(found)
    names = ", ".join(map(condition_name, conditions))
    over = f"the mean over {names}" if len(conditions) > 1 else names
    return (
        f"Accuracy on {modes[0].any_record.total} images, {over}. Brackets are 95 % intervals: "
        "sizes of sets are compared image by image, Student's t on the larger sets; two streams "
        "by the intervals of both accuracies on their sets. Sets of one class are not alike, "
        "which makes these wide. Fewer than 3 sets have no interval."
        f"{_MIXED if any(c.parts for mode in modes for c in mode.cells) else ''}"
    )
