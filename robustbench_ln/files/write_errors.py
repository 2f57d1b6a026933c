"""A write that fails, in one line."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from robustbench_ln.errors import RecordError

__all__ = ["explain_write_errors"]


@contextmanager
def explain_write_errors(path: Path) -> Iterator[None]:
    """Turn a failed write into one line that says what happened to what is already there."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        fix = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "check the path"
        raise RecordError(
            f"cannot write {error.filename or path}: {reason}; {fix} and run the same command "
            "again, what was finished is kept"
        ) from error
