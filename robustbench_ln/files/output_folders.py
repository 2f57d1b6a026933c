"""Folders that a command writes into: its own, and held by one process at a time."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from filelock import FileLock, Timeout

from robustbench_ln.errors import RecordError, setting
from robustbench_ln.files.write_errors import explain_write_errors

__all__ = ["lock_folder", "refuse_other_folders"]


def refuse_other_folders(
    folder: Path, own: Collection[str], *, of: str, marker: str | None = None
) -> None:
    """Demand that a folder to be written is new, empty, or of the same command.

    Args:
        folder: To be written.
        own: Names that the command writes there; with .part they are its too.
        of: What the folder is of: "run", "training".
        marker: The file that says so: beside it, others do no harm.

    Raises:
        RecordError: It holds something else, is a file, or cannot be read.
    """
    with explain_write_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise RecordError(f"{folder} is a file; give {setting('out')} a folder")
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    foreign = sorted(name for name in names if name.removesuffix(".part") not in own)
    if foreign and marker not in names:
        raise RecordError(
            f"{folder} holds other files ('{foreign[0]}') and no {of}; give {setting('out')} a "
            "new folder"
        )


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
                f"{folder} is in use by another ln-bench; wait for it, or give another "
                f"{setting('out')}"
            ) from error
    return lock
