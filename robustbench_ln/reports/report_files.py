"""Files of a report: written whole or not at all, the same bytes for the same numbers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.files.write_errors import explain_write_errors

__all__ = ["csv_bytes", "write_file"]


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a CSV file's content."""
    text: str = frame.to_csv(index=False, float_format="%.10g", lineterminator="\n")
    return text.encode()


def write_file(path: Path, content: bytes) -> Path:
    """Write a file whole, make its folder where there is none, and return its path.

    Raises:
        RecordError: It cannot be written.
    """
    with explain_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    return path
