"""Regular files, and nothing in their place: no pipe that hangs, no link that leads elsewhere.

Reading follows links, as any program does. Writing does not: in a stranger's folder, a link would
have us overwrite one of our own files.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedRandom, BufferedReader
from pathlib import Path

__all__ = ["create_regular", "open_regular", "open_to_change", "read_regular"]

_COMMON = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading. Opening and reading a pipe would wait for whoever writes into it.

    Raises:
        OSError: No such file, or a pipe, a socket, a device or a folder.
    """
    return os.fdopen(_open(path, os.O_RDONLY), "rb")


def read_regular(path: Path, *, most: int | None = None) -> bytes:
    """Return what is in a file; see `open_regular`.

    Args:
        path: The file.
        most: Bytes that it may have; None is any number.

    Raises:
        OSError: It cannot be read, or is longer.
    """
    with open_regular(path) as file:
        content = file.read(-1 if most is None else most + 1)
    if most is not None and len(content) > most:
        raise OSError(errno.EFBIG, f"longer than {most:,} bytes", str(path))
    return content


def create_regular(path: Path) -> BufferedRandom:
    """Make a new, empty file; what has its name is taken away, a link and not what it leads to.

    Raises:
        OSError: It cannot be made, or a folder has its name.
    """
    path.unlink(missing_ok=True)
    return os.fdopen(_open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK), "w+b")


def open_to_change(path: Path, *, create: bool = False) -> BufferedRandom:
    """Open a file for reading and writing, at its beginning and with its content.

    Args:
        path: The file, no link.
        create: Make an empty one where there is none.

    Raises:
        OSError: No such file, a link, a pipe, a device or a folder.
    """
    flags = os.O_RDWR | (os.O_CREAT if create else 0) | _NO_LINK
    return os.fdopen(_open(path, flags), "r+b")


def _open(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | _COMMON, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor
