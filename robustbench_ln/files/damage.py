"""Files that are not what their name says: pages and pointers saved in place of data."""

from __future__ import annotations

from pathlib import Path

from robustbench_ln.errors import DataError
from robustbench_ln.files.regular_files import open_regular

__all__ = ["explain_bad_file"]


def explain_bad_file(path: Path, expected: str, error: Exception | None = None) -> DataError:
    """Return the error for a file that cannot be read as what it should be.

    Args:
        path: The file.
        expected: What was expected, in words with an article: "an .npz archive".
        error: What the reader said.
    """
    try:
        with open_regular(path) as file:
            head = file.read(512).lstrip()
    except OSError as failure:
        return DataError(f"{path}: cannot be read ({failure.strerror}); check the path")
    if not head:
        return DataError(f"{path}: empty; expected {expected}. Fetch it again")
    if head[:1] == b"<" and any(mark in head.lower() for mark in (b"<html", b"<!doctype")):
        return DataError(f"{path}: a web page saved in place of {expected}; fetch the file itself")
    if head.startswith(b"version https://git-lfs"):
        return DataError(f"{path}: a Git LFS pointer, not the file; run git lfs pull")
    said = " ".join(str(error).split()) if error is not None else ""
    reason = f" ({said if said.isprintable() else repr(said)})" if said else ""
    return DataError(f"{path}: not {expected}, or damaged{reason}; fetch it again")
