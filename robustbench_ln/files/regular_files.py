"""Regular files, opened without waiting: a pipe in place of a file cannot hang a command."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

__all__ = ["open_regular", "read_regular"]

_READ_ONLY = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading. Opening and reading a pipe would wait for whoever writes into it.

    Raises:
        OSError: No such file, or a pipe, a socket, a device or a folder.
    """
    descriptor = os.open(path, _READ_ONLY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path) -> bytes:
    """Return what is in a file; see `open_regular`."""
    with open_regular(path) as file:
        return file.read()
