"""Files that grow by whole lines: rows of a run, of a log, of a journal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from robustbench_ln.errors import RecordError
from robustbench_ln.files.regular_files import open_regular, open_to_change
from robustbench_ln.files.write_errors import explain_write_errors

__all__ = ["append_whole", "drop_torn_line", "read_whole_lines"]

_LONGEST_LINE = 4_000_000
"""Bytes, more than any line of ours has."""


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


def read_whole_lines(path: Path) -> Iterator[bytes]:
    """Yield each line with its line end.

    A last line without one was being written when the process was killed; it is left out, as if it
    had never been begun.

    Raises:
        RecordError: It cannot be read, or a line is too long to be ours.
    """
    try:
        yield from _read_lines(path)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror}); check the path") from error


def _read_lines(path: Path) -> Iterator[bytes]:
    with open_regular(path) as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), start=1):
            if line.endswith(b"\n"):
                yield line
            elif len(line) == _LONGEST_LINE:
                raise RecordError(
                    f"{path}, line {number}: more than {_LONGEST_LINE:,} bytes; not a row of "
                    "ln-bench"
                )
