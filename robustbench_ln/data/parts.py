"""Folders that are parts of a data set (train, val, test) and not its classes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from robustbench_ln.data.options import Part
from robustbench_ln.data.picture_tree import visible_folders
from robustbench_ln.errors import DataError
from robustbench_ln.files.pictures import SUFFIXES

__all__ = ["find_part"]

_PARTS: Mapping[str, str] = MappingProxyType(
    {
        "train": "train",
        "training": "train",
        "val": "val",
        "valid": "val",
        "validation": "val",
        "test": "test",
        "testing": "test",
    }
)
"""Name in small letters -> which part it is."""


def find_part(root: Path, part: Part, *, kind: str, classes: Collection[str] = ()) -> Path:
    """Return the folder of the class folders: `root`, or that of the part in it.

    A folder is a part if it has a part's name and holds folders, but no pictures.

    Args:
        root: The folder that was named.
        part: Which is wanted. The training part is the one folder of that kind; the test part is
            the one other folder beside it.
        kind: Kind of the source, for the message: "folder".
        classes: Names that a class map has: they are classes, whatever they hold.

    Raises:
        DataError: There are parts, and it is not plain which one is meant.
    """
    names = visible_folders(root) if root.is_dir() else []
    parts = {
        name: _PARTS[name.lower()]
        for name in names
        if name.lower() in _PARTS and name not in classes and _holds_only_folders(root / name)
    }
    if not parts:
        return root
    training = [name for name, which in parts.items() if which == "train"]
    others = [name for name in parts if name not in training]
    wanted = training if part == "train" else others
    is_plain = len(wanted) == 1 and len(parts) == len(names) and len(training) == 1
    if not is_plain:
        paths = " or ".join(f"{kind}:{root / name}" for name in wanted or parts)
        raise DataError(
            f"{root}: '{next(iter(parts))}' is a part of a data set, not a class (it holds folders "
            f"and no pictures); give {paths}"
        )
    return find_part(root / wanted[0], part, kind=kind, classes=classes)


def _holds_only_folders(folder: Path) -> bool:
    if not visible_folders(folder):
        return False
    is_picture = (path.suffix.lower() in SUFFIXES and path.is_file() for path in folder.iterdir())
    return not any(is_picture)
