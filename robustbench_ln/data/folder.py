"""`folder:DIR`: a folder of pictures for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from robustbench_ln.data.class_map import name_classes, read_class_map
from robustbench_ln.data.file_images import FileImages, open_files
from robustbench_ln.data.image_set import Numbering
from robustbench_ln.data.options import DataOptions
from robustbench_ln.data.parts import find_part
from robustbench_ln.data.picture_tree import is_hidden, list_pictures, name_some
from robustbench_ln.errors import DataError
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.pictures import Framing

__all__ = ["class_folders", "load_folder", "open_class_folders"]


def load_folder(root: Path, source: str, options: DataOptions) -> FileImages:
    """Open DIR/<class>/**/<image>.

    Where DIR holds the training part and one other part (train/ and val/) and nothing else, that of
    the part is taken for it. Classes are numbered in the order of their folders' names, as
    torchvision's ImageFolder does (a folder without pictures counts), or as the class map says.

    Raises:
        DataError: No such folder, no class folders, parts that are no classes, no images, or a
            first image that is unreadable.
    """
    given = None if options.class_map is None else read_class_map(options.class_map)
    class_of: Mapping[str, int] = {} if given is None else given.class_of
    place = find_part(root, options.part, kind="folder", classes=class_of)
    folders = class_folders(place, keep=class_of)
    numbering: Numbering = "folders"
    names: Sequence[str] = folders
    if given is None or options.class_map is None:
        class_of = {folder: index for index, folder in enumerate(folders)}
    else:
        names = name_classes(class_of, folders, options.class_map)
        numbering = "list" if given.is_list else "given"
    images = open_class_folders(
        place,
        {folder: class_of[folder] for folder in folders},
        source=source,
        class_names=names,
        framing=options.framing,
    )
    chosen = () if place == root else (f"{source}: the images are those of {place}",)
    return replace(images, numbering=numbering, notes=(*chosen, *images.notes))


def open_class_folders(
    root: Path,
    class_of: Mapping[str, int],
    *,
    source: str,
    class_names: Sequence[str],
    framing: Framing,
) -> FileImages:
    """Return the pictures of class folders, with notes on what was left out of them.

    Args:
        root: What holds the folders.
        class_of: Folder -> its class.
        source: Name of the images as the user wrote it.
        class_names: One name a class.
        framing: How each picture is scaled and cropped.

    Raises:
        DataError: No images, or a first image that is unreadable.
    """
    tree = list_pictures(root, tuple(class_of))
    hidden = [n for n in _folders(root) if is_hidden(n) and n not in class_of]
    notes = tree.notes(source)
    if hidden:
        shown = name_some(hidden)
        notes += (f"{source}: {len(hidden)} hidden or system folders are no classes ({shown})",)
    if not tree.files:
        reasons = "".join(f". {note}" for note in tree.notes("Left out"))
        raise DataError(
            f"{root}: no images in its {len(class_of)} class folders (.jpg, .png, ...){reasons}"
        )
    labelled = [(file, class_of[folder]) for folder, file in tree.files]
    images = open_files(root, labelled, source=source, class_names=class_names, framing=framing)
    return replace(images, notes=notes)


def class_folders(root: Path, *, keep: Mapping[str, int] | None = None) -> list[str]:
    """Return the names of the class folders in a folder, sorted.

    Args:
        root: The folder.
        keep: Hidden folders that are classes all the same.

    Raises:
        DataError: No such folder, or nothing in it that is a class folder.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; expected DIR/<class>/<image>")
    names = [name for name in _folders(root) if not is_hidden(name) or name in (keep or {})]
    if not names:
        raise DataError(f"{root}: no class folders; expected DIR/<class>/<image>")
    return names


def _folders(root: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    except OSError as error:
        raise explain_bad_file(root, "a folder", error) from error
