"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from robustbench_ln.files.regular_files import create_regular
from robustbench_ln.files.write_errors import explain_write_errors

__all__ = ["open_whole", "write_whole"]


@contextmanager
def open_whole(path: Path, *, is_synced: bool = True) -> Iterator[BinaryIO]:
    """Open PATH.part for writing; sync and rename it at the end, or take it away after an error.

    A kill or a full disk leaves the old file as it was. Where PATH or PATH.part is a link, the link
    is replaced and not what it leads to.

    Args:
        path: Its folder exists.
        is_synced: Whether the content is on the disk before the name is. It costs milliseconds:
            not for thousands of small files that can be checked and made again.

    Raises:
        RecordError: It cannot be written.
    """
    part = path.with_name(path.name + ".part")
    with explain_write_errors(path):
        try:
            with create_regular(part) as file:
                yield file
                if is_synced:
                    file.flush()
                    os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes, *, is_synced: bool = True) -> None:
    """Write a file at once; see `open_whole`."""
    with open_whole(path, is_synced=is_synced) as file:
        file.write(content)
