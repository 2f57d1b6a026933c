"""Files of a report: written whole or not at all, the same bytes for the same numbers."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from robustbench_ln.files.output_folders import refuse_links
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.files.write_errors import explain_write_errors
from robustbench_ln.runs.columns import Columns
from robustbench_ln.texts.safe import for_csv

__all__ = ["csv_bytes", "report_folder", "write_files"]


def csv_bytes(columns: Columns) -> bytes:
    """Return a CSV file's content; no cell of it is a formula for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(for_csv, columns.values))
    writer.writerows(map(_csv_value, row) for row in columns.rows())
    return text.getvalue().encode()


def _csv_value(value: object) -> object:
    """Return a value as a CSV file has it: numbers in 10 digits, nothing for None and NaN."""
    if isinstance(value, float | np.floating):
        return "" if math.isnan(value) else f"{value:.10g}"
    return "" if value is None else for_csv(value)


def report_folder(run: Path) -> Path:
    """Return RUN/report, for a report of one run.

    Raises:
        RecordError: It is a link, or holds one.
    """
    refuse_links(run, ["report"])
    return run / "report"


def write_files(folder: Path, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write files whole into a folder, made where there is none, and return their paths.

    Args:
        folder: May be a link itself.
        contents: File name -> content.

    Raises:
        RecordError: They cannot be written; one is a link, and then nothing was written.
    """
    refuse_links(folder, contents)
    with explain_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        write_whole(folder / name, content)
    return tuple(folder / name for name in contents)
