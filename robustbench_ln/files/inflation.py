"""Compressed files: read up to a bound, since a megabyte of them may hold a thousand."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import BinaryIO

from robustbench_ln.files.regular_files import open_regular

__all__ = ["check_inflation", "read_gzip"]

_MOST_TIMES, _ALWAYS_ALLOWED = 100, 2**26
"""Images inflate 2- to 20-fold, zeros 1,000-fold. 64 MB are no harm."""
_BLOCK = 2**20


def _bound(packed_bytes: int) -> int:
    return max(_MOST_TIMES * packed_bytes, _ALWAYS_ALLOWED)


def read_gzip(path: Path) -> bytearray:
    """Return what a .gz file holds.

    Raises:
        OSError: No regular file, or no gzip.
        EOFError: It is cut short.
        ValueError: It inflates more than 100-fold, to more than 64 MB.
    """
    most = _bound(path.stat().st_size)
    content = bytearray()
    with open_regular(path) as file, gzip.open(file) as inflated:
        while block := inflated.read(_BLOCK):
            content += block
            if len(content) > most:
                raise ValueError(f"inflates to more than {most:,} bytes")
    return content


def check_inflation(file: BinaryIO) -> None:
    """Look at the directory of a zip archive (.npz) before anything of it is read.

    Args:
        file: File at its beginning, where it is left. A file that is not an archive passes.

    Raises:
        zipfile.BadZipFile: A damaged archive.
        ValueError: Its entries inflate more than 100-fold, to more than 64 MB, or overlap.
    """
    if file.read(2) == b"PK":
        size = file.seek(0, 2)
        with zipfile.ZipFile(file) as archive:
            inflated = sum(entry.file_size for entry in archive.infolist())
        if inflated > _bound(size):
            raise ValueError(f"inflates to {inflated:,} bytes")
    file.seek(0)
