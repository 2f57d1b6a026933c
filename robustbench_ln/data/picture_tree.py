"""The pictures below class folders: each real folder is read once, and what is left out is said."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.pictures import SUFFIXES

__all__ = ["PictureTree", "is_hidden", "list_pictures", "name_some", "visible_folders"]

_SYSTEM_FOLDERS = frozenset({"__MACOSX", "@eaDir", "__pycache__", "lost+found", "$RECYCLE.BIN"})
"""Made by archivers, disks and Python; @eaDir of Synology's disks is full of thumbnails."""

_NO_PICTURES = frozenset(
    {".txt", ".csv", ".tsv", ".json", ".xml", ".md", ".db", ".ini", ".yaml", ".yml", ".html"}
    | {".log", ".py", ".sh", ".mat", ".npy", ".npz", ".pt", ".md5", ".sha256"}
)
"""Endings of files that lie beside pictures and that nobody takes for one."""

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureTree:
    """What lies below some folders.

    Attributes:
        files: (folder, path below the root) of each picture.
        hidden_folders: Skipped folders, hidden ones and those of systems, below the root.
        num_hidden_files: Skipped files: pictures by their ending, but hidden.
        repeated_folders: Folders that lead to one that was read already.
        other_files: Ending -> number of files that may be pictures, but of a kind that is not read.
    """

    files: tuple[tuple[str, str], ...]
    hidden_folders: tuple[str, ...]
    num_hidden_files: int
    repeated_folders: tuple[str, ...]
    other_files: dict[str, int]

    def notes(self, source: str) -> tuple[str, ...]:
        """Return a line on each thing that was left out."""
        lines = []
        if folders := self.hidden_folders:
            lines.append(f"skipped {len(folders)} hidden or system folders ({name_some(folders)})")
        if self.num_hidden_files:
            lines.append(f"skipped {self.num_hidden_files} hidden files that are named as pictures")
        if folders := self.repeated_folders:
            lines.append(
                f"skipped {len(folders)} links to folders that are read already "
                f"({name_some(folders)})"
            )
        if self.other_files:
            counts = ", ".join(
                f"{count} {ending or 'without an ending'}"
                for ending, count in sorted(self.other_files.items())
            )
            lines.append(
                f"{sum(self.other_files.values())} files are not read ({counts}); pictures are "
                f"{' '.join(sorted(SUFFIXES))}"
            )
        return tuple(f"{source}: {line}" for line in lines)


def is_hidden(name: str) -> bool:
    """Return whether a folder is nobody's class: ".ipynb_checkpoints", "__MACOSX"."""
    return name.startswith(".") or name in _SYSTEM_FOLDERS


def visible_folders(root: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted, without hidden ones.

    Raises:
        DataError: It cannot be listed.
    """
    try:
        return sorted(e.name for e in root.iterdir() if e.is_dir() and not is_hidden(e.name))
    except OSError as error:
        raise explain_bad_file(root, "a folder", error) from error


def list_pictures(root: Path, folders: Sequence[str]) -> PictureTree:
    """Return the pictures in `root / folder` and below, folder by folder, in ImageFolder's order.

    Links are followed after all real folders are read. No real folder is entered twice, nor `root`
    again: links that lead back would have no end, and links to another class would give pictures
    two labels.

    Raises:
        DataError: A folder cannot be listed.
    """
    walk = _Walk(root)
    found: dict[str, list[tuple[str, list[str]]]] = {folder: [] for folder in folders}
    for folder, place, names in walk.visit(folders):
        found[folder].append((place, names))
    return PictureTree(
        files=tuple(
            (folder, (Path(place) / name).relative_to(root).as_posix())
            for folder, visited in found.items()
            for place, names in sorted(visited)
            for name in walk.choose(names)
        ),
        hidden_folders=tuple(sorted(walk.hidden)),
        num_hidden_files=walk.num_hidden_files,
        repeated_folders=tuple(sorted(walk.repeated)),
        other_files=dict(walk.others),
    )


def name_some(names: Sequence[str]) -> str:
    """Return the first names of many, quoted."""
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return f"{shown}, ..." if len(names) > _SHOWN else shown


@dataclass(slots=True, eq=False)
class _Walk:
    """One visit of folders below a root, and what it left out."""

    root: Path
    hidden: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    num_hidden_files: int = 0

    def visit(self, folders: Sequence[str]) -> Iterator[tuple[str, str, list[str]]]:
        """Yield (folder, place, names of its files): real folders first, links last."""
        root = _identity(self.root)
        tops = sorted(folders, key=lambda name: (self.root / name).is_symlink())
        seen = {root} if all(_identity(self.root / name) != root for name in folders) else set()
        left = [(folder, self.root / folder) for folder in tops]
        while left:
            folder, top = left.pop(0)
            links: list[Path] = []
            for place, names, inner in self._walk(top, seen):
                links += [path for name in inner if (path := Path(place, name)).is_symlink()]
                yield folder, place, names
            left += [(folder, link) for link in sorted(links)]

    def choose(self, names: Sequence[str]) -> Iterator[str]:
        """Yield the pictures of a folder, sorted, and count the files that are none."""
        for name in sorted(names):
            ending = Path(name).suffix.lower()
            is_picture = ending in SUFFIXES
            if is_picture and not name.startswith("."):
                yield name
            elif is_picture:
                self.num_hidden_files += 1
            elif ending not in _NO_PICTURES and not name.startswith("."):
                self.others[ending] += 1

    def _walk(
        self, top: Path, seen: set[tuple[int, int] | None]
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yield (place, files, folders) of what was not seen yet; links are listed, not entered."""
        for place, inner, names in os.walk(top, onerror=_fail):
            identity = _identity(Path(place))
            if identity in seen:
                self.repeated.append(self._name(place))
                inner.clear()
                continue
            seen.add(identity)
            self.hidden += [self._name(Path(place, name)) for name in inner if is_hidden(name)]
            inner[:] = [name for name in inner if not is_hidden(name)]
            yield place, names, inner

    def _name(self, place: str | Path) -> str:
        return Path(place).relative_to(self.root).as_posix()


def _fail(error: OSError) -> None:
    raise explain_bad_file(Path(error.filename), "a folder", error) from error


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
