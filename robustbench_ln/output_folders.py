"""Folders that a command writes into: its own, and held by one process at a time."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from robustbench_ln.errors import RecordError
from robustbench_ln.write_errors import explain_write_errors

__all__ = ["list_folder", "lock_folder"]


def list_folder(folder: Path) -> set[str]:
    """Return the names in a folder that is to be written; none where it does not exist yet.

    Raises:
        RecordError: It is a file, or cannot be read.
    """
    with explain_write_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise RecordError(f"{folder} is a file; give --out a folder")
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def lock_folder(folder: Path, name: str = "lock") -> FileLock:
    """Make a folder, or take the one that is there, and keep other processes out of it.

    Args:
        folder: To be written.
        name: Of the lock's file, which stays in the folder.

    Returns: The lock, to be released by the caller.

    Raises:
        RecordError: Another process holds it, or it cannot be written.
    """
    with explain_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / name)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise RecordError(
                f"{folder} is in use by another ln-bench; wait for it, or give another --out"
            ) from error
    return lock
