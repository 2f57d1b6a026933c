"""Files of a report: written whole or not at all, the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from robustbench_ln.files.output_folders import refuse_links
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.files.write_errors import explain_write_errors
from robustbench_ln.texts.safe import for_csv

__all__ = ["csv_bytes", "report_folder", "write_files"]


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a CSV file's content; no cell of it is a formula for a spreadsheet."""
    safe = frame.rename(columns=for_csv)
    for name in safe:
        if not is_numeric_dtype(safe[name]):
            safe[name] = safe[name].map(for_csv)
    text: str = safe.to_csv(index=False, float_format="%.10g", lineterminator="\n")
    return text.encode()


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
