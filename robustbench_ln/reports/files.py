"""Files of a report: written whole or not at all, the same bytes for the same numbers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from robustbench_ln.errors import RecordError

__all__ = ["csv_bytes", "write_file"]


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a CSV file's content."""
    text: str = frame.to_csv(index=False, float_format="%.10g", lineterminator="\n")
    return text.encode()


def write_file(path: Path, content: bytes) -> Path:
    """Write a file beside its place, then rename it; return its path.

    Raises:
        RecordError: It cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise RecordError(
            f"cannot write {path}: {error.strerror or error}; give --out a folder that can be "
            "written"
        ) from error
    return path
