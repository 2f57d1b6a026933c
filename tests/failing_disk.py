"""A disk that fails: at one write, sync, renaming or making of a file, with the error one names."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

__all__ = ["FailingDisk", "failing_disk"]

_CALLS = ("write", "fsync", "replace", "rename", "ftruncate", "mkdir", "open", "fdopen")


class FailingDisk:
    """Counts what changes the files of a folder, and fails from one operation on.

    Args:
        folder: The disk.
        number: Error, as errno.ENOSPC: then all that needs space fails from there on. Another
            error fails once.
        at: Number of the operation from 0; None fails never.
    """

    def __init__(self, folder: Path, number: int = 0, at: int | None = None) -> None:
        self._root, self._number, self._at = str(folder.resolve()), number, at
        self.operations: list[str] = []

    def step(self, what: str) -> None:
        """Count an operation; fail if its turn has come."""
        index = len(self.operations)
        self.operations.append(what)
        if self._at is None or index < self._at:
            return
        is_full = self._number == errno.ENOSPC
        if index == self._at or (is_full and not what.startswith(("ftruncate", "replace"))):
            raise OSError(self._number, os.strerror(self._number))

    def has(self, place: Any) -> bool:
        """Return whether a path or a file that is open is on this disk."""
        if isinstance(place, int):
            try:
                place = os.readlink(f"/proc/self/fd/{place}")  # noqa: PTH115
            except OSError:
                return False
        return str(Path(os.fsdecode(place)).absolute()).startswith(self._root)

    def patched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of `os` that fails when its turn comes."""

        def call(place: Any, *others: Any, **named: Any) -> Any:
            if not self.has(place) or (name == "open" and not others[0] & os.O_CREAT):
                return real(place, *others, **named)
            if name == "fdopen":
                return self._open(place, others[0]) if "+" in others[0] else real(place, *others)
            try:
                self.step(f"{name} {place}")
            except OSError:
                if name == "write":  # a part of it still fits
                    real(place, others[0][: len(others[0]) // 2])
                raise
            return real(place, *others, **named)

        return call

    def _open(self, descriptor: int, mode: str) -> io.BufferedRandom:
        return io.BufferedRandom(_File(descriptor, mode.replace("b", ""), self))


class _File(io.FileIO):
    def __init__(self, descriptor: int, mode: str, disk: FailingDisk) -> None:
        # Mode w+ would cut the file, which has just been made.
        super().__init__(descriptor, "r+" if mode == "w+" else mode)
        self._disk = disk

    def write(self, content: Any) -> int:
        try:
            self._disk.step("write of a file")
        except OSError:
            super().write(memoryview(content)[: len(content) // 2])
            raise
        return super().write(content) or 0

    def truncate(self, size: int | None = None) -> int:
        self._disk.step("truncate of a file")
        return super().truncate(size)


@contextmanager
def failing_disk(folder: Path, number: int = 0, at: int | None = None) -> Iterator[FailingDisk]:
    """Let operations on files below a folder fail, from one of them on."""
    disk = FailingDisk(folder, number, at)
    with pytest.MonkeyPatch.context() as patch:
        for name in _CALLS:
            patch.setattr(os, name, disk.patched(name, getattr(os, name)))
        yield disk
