"""Files that grow by whole lines: rows of a run, of a log, of a journal."""

from __future__ import annotations

import os
from pathlib import Path

from robustbench_ln.files.regular_files import open_to_change
from robustbench_ln.files.write_errors import explain_write_errors

__all__ = ["append_whole", "drop_torn_line"]


def append_whole(path: Path, content: bytes) -> None:
    """Append all of the content or nothing, and sync it; make the file where there is none.

    Raises:
        RecordError: It cannot be written, or is a link.
    """
    with explain_write_errors(path), open_to_change(path, create=True) as file:
        descriptor = file.fileno()
        size = os.lseek(descriptor, 0, os.SEEK_END)
        left = memoryview(content)
        try:
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise


def drop_torn_line(path: Path) -> None:
    """Cut off a last line that was being written when the process was killed.

    Raises:
        RecordError: It cannot be written, or is a link.
    """
    with explain_write_errors(path), open_to_change(path) as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)
