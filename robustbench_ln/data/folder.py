"""`folder:DIR`: a folder of pictures for each class."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from robustbench_ln.data.class_map import name_classes, read_class_map
from robustbench_ln.data.file_images import FileImages, open_files
from robustbench_ln.data.options import DataOptions, Part
from robustbench_ln.errors import DataError
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.pictures import SUFFIXES

__all__ = ["class_folders", "load_folder", "pictures_below"]


def load_folder(root: Path, source: str, options: DataOptions) -> FileImages:
    """Open DIR/<class>/**/<image>.

    Where DIR holds train/ and test/ (or val/) and no other folder, that of the part is taken for
    it. Classes are numbered in the order of their folders' names, as torchvision's ImageFolder does
    (a folder without pictures counts), or as the class map says.

    Raises:
        DataError: No such folder, no class folders, no images, or a first image that is unreadable.
    """
    root = _part_folder(root, options.part)
    folders = class_folders(root)
    if options.class_map is None:
        names, class_of = folders, {folder: index for index, folder in enumerate(folders)}
    else:
        class_of = read_class_map(options.class_map)
        names = name_classes(class_of, folders, options.class_map)
    labelled = [
        (file, class_of[folder]) for folder in folders for file in pictures_below(root, folder)
    ]
    if not labelled:
        raise DataError(f"{root}: no images in its {len(folders)} class folders (.jpg, .png, ...)")
    return open_files(root, labelled, source=source, class_names=names, framing=options.framing)


def _part_folder(root: Path, part: Part) -> Path:
    """Return the folder of the class folders: `root`, or that of the part."""
    parts = set(class_folders(root))
    if not {"train"} < parts <= {"train", "test", "val"}:
        return root
    return root / ("val" if part == "test" and "test" not in parts else part)


def class_folders(root: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted.

    Raises:
        DataError: No such folder, or nothing in it that is a folder.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; expected DIR/<class>/<image>")
    try:
        names = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    except OSError as error:
        raise explain_bad_file(root, "a folder", error) from error
    if not names:
        raise DataError(f"{root}: no class folders; expected DIR/<class>/<image>")
    return names


def pictures_below(root: Path, folder: str) -> Iterator[str]:
    """Yield the pictures in a class folder and below, relative to `root`, in ImageFolder's order.

    Links are followed, but no folder is entered twice, nor `root` again: links that lead back would
    have no end.

    Raises:
        DataError: A folder cannot be listed.
    """

    def fail(error: OSError) -> None:
        raise explain_bad_file(Path(error.filename), "a folder", error) from error

    for place, names in sorted(_walk_once(root / folder, root, fail)):
        for name in sorted(names):
            if Path(name).suffix.lower() in SUFFIXES:
                yield (Path(place) / name).relative_to(root).as_posix()


def _walk_once(
    top: Path, root: Path, fail: Callable[[OSError], None]
) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder from `top` on and the names of its files: folders first, links last."""
    seen = set() if _identity(top) == _identity(root) else {_identity(root)}
    left = [top]
    while left:
        links = []
        for place, folders, names in os.walk(left.pop(0), onerror=fail):
            identity = _identity(Path(place))
            if identity in seen:
                folders.clear()
                continue
            seen.add(identity)
            yield place, names
            links += [path for name in folders if (path := Path(place, name)).is_symlink()]
        left += sorted(links)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
