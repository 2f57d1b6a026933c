"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from robustbench_ln.write_errors import explain_write_errors

__all__ = ["write_whole"]


def write_whole(path: Path, content: bytes) -> None:
    """Write under another name, sync, rename: a kill or a full disk leaves the old file as it was.

    Raises:
        RecordError: It cannot be written.
    """
    part = path.with_name(path.name + ".part")
    with explain_write_errors(path):
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
