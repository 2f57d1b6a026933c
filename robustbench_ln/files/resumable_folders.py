"""Folders whose command resumes: runs, trainings, sets of corrupted images.

The command says first, in one file, what it was asked for. What it finishes it adds to other files
of the folder, of which some grow line by line. A kill at any moment leaves whole lines; the same
command compares what it is asked for now with that file, and does what is left.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, NamedTuple, Self, TypeVar

from robustbench_ln.errors import LnBenchError
from robustbench_ln.files.appended_files import drop_torn_line
from robustbench_ln.files.output_folders import lock_folder, refuse_links, refuse_other_folders
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.files.write_errors import explain_write_errors

__all__ = ["Change", "FolderKind", "ResumableFolder", "add_new", "find_changes"]

Description = TypeVar("Description")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderKind(Generic[Description]):
    """The folders of one command.

    Attributes:
        of: What the messages call a folder of the command: "run", "training".
        file: Name of the file that describes what was asked for: "run.json".
        names: Names that a folder of the command may have before it is described.
        lock: Name of the file that keeps other processes out.
        logs: Names of the files that grow line by line.
        is_written: Whether the command writes under a name besides `names`, once it is described.
        read: Function of the folder that returns its description.
        encode: Function of a description that returns the content of its file.
        resume: Function of (folder, earlier description, one of now) that returns the description
            to go on under; it raises a RecordError where something else was asked for earlier.
    """

    of: str
    file: str
    names: Collection[str]
    lock: str = "lock"
    logs: tuple[str, ...] = ()
    is_written: Callable[[str], bool] = lambda _: False
    read: Callable[[Path], Description]
    encode: Callable[[Description], bytes]
    resume: Callable[[Path, Description, Description], Description]


class ResumableFolder(Generic[Description]):
    """A folder of a command, held by this process alone until it is closed.

    Attributes:
        path: Path of the folder.
        was_there: Whether the folder existed.

    Args:
        path: Made if it does not exist.
        kind: What such a folder holds.

    Raises:
        RecordError: It holds something else or a link, another process holds it, or it cannot be
            written.
    """

    def __init__(self, path: Path, kind: FolderKind[Description]) -> None:
        self.path, self.was_there = path, path.exists()
        self._kind = kind
        refuse_other_folders(path, kind.names, of=kind.of, marker=kind.file)
        if path.is_dir():
            refuse_links(path, filter(kind.is_written, (place.name for place in path.iterdir())))
        self._lock = lock_folder(path, kind.lock)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let other processes have the folder; wrong input that gave nothing leaves none."""
        self._lock.release()
        if isinstance(error, LnBenchError) and not self.was_there and not self.has_results:
            shutil.rmtree(self.path, ignore_errors=True)

    @property
    def has_results(self) -> bool:
        """Whether anything in it must be kept; a command that leaves no empty folder says so."""
        return True

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Let other processes have the folder if what is done inside fails."""
        try:
            yield
        except BaseException:
            self._lock.release()
            raise

    @property
    def is_described(self) -> bool:
        """Whether an earlier start said what it was asked for."""
        return (self.path / self._kind.file).is_file()

    def begin(self, asked: Description) -> Description:
        """Say what is asked for, or go on where an earlier start was stopped.

        Returns: The description that the folder has now.

        Raises:
            RecordError: An earlier start was asked for something else, or its files are damaged.
        """
        with explain_write_errors(self.path):
            earlier = self._kind.read(self.path) if self.is_described else None
            now = asked if earlier is None else self._kind.resume(self.path, earlier, asked)
            if now != earlier:
                self.describe(now)
            for name in self._kind.logs:
                if (self.path / name).is_file():
                    drop_torn_line(self.path / name)
        return now

    def describe(self, description: Description) -> None:
        """Write the description whole, in the place of an earlier one."""
        write_whole(self.path / self._kind.file, self._kind.encode(description))


class Change(NamedTuple):
    """A setting that is no longer what it was; None is no value.

    >>> print(Change("seed", 0, None))
    0; now none is asked for
    """

    name: str
    earlier: Any
    now: Any

    @property
    def values(self) -> str:
        """Both values, digests and other long ones by their first letters."""
        return f"{_short(self.earlier)} and {_short(self.now)}"

    def __str__(self) -> str:
        """Return both values, and that the later one is asked for."""
        return f"{_short(self.earlier)}; now {_short(self.now)} is asked for"


def find_changes(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Return the settings of now that an earlier start had other values of, or none."""
    return [
        Change(name, earlier.get(name), value)
        for name, value in now.items()
        if earlier.get(name) != value
    ]


def add_new(earlier: Collection[Item], now: Collection[Item]) -> list[Item]:
    """Return the earlier items, then those of now that are not among them."""
    return [*earlier, *(item for item in now if item not in earlier)]


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text[:12] + "..." if len(text) > 40 else text
