"""Digests by which files are recognised: SHA-256, in hexadecimal."""

from __future__ import annotations

import hashlib
from pathlib import Path

from robustbench_ln.files.regular_files import open_regular

__all__ = ["file_sha256"]


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read in pieces.

    Raises:
        OSError: The file cannot be read.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
