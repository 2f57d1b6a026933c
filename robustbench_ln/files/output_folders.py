"""Folders that a command writes into: its own, and held by one process at a time."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from filelock import FileLock, Timeout

from robustbench_ln.errors import RecordError, setting
from robustbench_ln.files.write_errors import explain_write_errors

__all__ = ["lock_folder", "refuse_links", "refuse_other_folders"]


def refuse_other_folders(
    folder: Path, own: Collection[str], *, of: str, marker: str | None = None
) -> None:
    """Demand that a folder to be written is new, empty, or of the same command.

    Args:
        folder: Folder to be written.
        own: Names that the command writes there; with .part they are its too.
        of: What the folder is of: "run", "training".
        marker: The file that says so: beside it, others do no harm.

    Raises:
        RecordError: It holds something else, is a file, cannot be read, or what the command writes
            there is a link.
    """
    with explain_write_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise RecordError(f"{folder} is a file; give {setting('out')} a folder")
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    own_names = {name for name in names if name.removesuffix(".part") in own}
    foreign = sorted(names - own_names)
    if foreign and marker not in names:
        raise RecordError(
            f"{folder} holds other files ('{foreign[0]}') and no {of}; give {setting('out')} a "
            "new folder"
        )
    refuse_links(folder, own_names)


def refuse_links(folder: Path, names: Iterable[str], *, is_deep: bool = True) -> None:
    """Demand that files and folders of a command, and all below them, are no links.

    Writing or deleting through a link would change what lies elsewhere. The folder itself may be
    one: whoever gave the command chose it.

    Args:
        folder: Folder to be written.
        names: What to look at in it; those that are not there do no harm.
        is_deep: Whether to look below them too.

    Raises:
        RecordError: One is a link, or a folder cannot be read.
    """
    left = [folder / name for name in sorted(names)]
    with explain_write_errors(folder):
        for path in left:
            if path.is_symlink():
                raise _link_error(path)
        left = [path for path in left if is_deep and path.is_dir()]
        while left:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        raise _link_error(Path(entry.path))
                    if entry.is_dir(follow_symlinks=False):
                        left.append(Path(entry.path))


def _link_error(path: Path) -> RecordError:
    return RecordError(
        f"{path} is a link; nothing is written or deleted through one. Put what it leads to in its "
        "place, or take it away"
    )


def lock_folder(folder: Path, name: str = "lock") -> FileLock:
    """Make a folder, or take the one that is there, and keep other processes out of it.

    Args:
        folder: Folder to be written.
        name: Name of the lock's file, which stays in the folder.

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
