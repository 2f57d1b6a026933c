"""`--class-map FILE`: which class of the network a folder holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from robustbench_ln.data.image_set import MOST_CLASSES
from robustbench_ln.errors import DataError
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.regular_files import read_regular

__all__ = ["name_classes", "read_class_map"]


def read_class_map(path: Path) -> dict[str, int]:
    """Read a JSON object of class indices by folder name, {"cat": 3, "dog": 5}.

    Several folders may hold one class. This is what torchvision's `ImageFolder.class_to_idx` is
    when saved with `json.dump`.

    Raises:
        DataError: No such file, no JSON object, or a value that is no class index.
    """
    expected = 'a JSON object {"folder": class index, ...}'
    try:
        content = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError) as error:
        raise explain_bad_file(path, expected, error) from error
    if not isinstance(content, dict) or not content:
        raise explain_bad_file(path, expected)
    for folder, index in content.items():
        if type(index) is not int or not 0 <= index < MOST_CLASSES:
            raise DataError(
                f"{path}: {folder!r} has class {json.dumps(index)}; expected a class index of "
                f"the network, 0 or more and below {MOST_CLASSES:,}"
            )
    return content


def name_classes(class_map: Mapping[str, int], folders: Sequence[str], path: Path) -> list[str]:
    """Return the folder that names each class, "" for a class without; by class index.

    Raises:
        DataError: A folder has no class.
    """
    missing = [folder for folder in folders if folder not in class_map]
    if missing:
        raise DataError(
            f"{path}: no class for the folder '{missing[0]}' ({len(missing)} of {len(folders)} "
            "folders have none); add it, or remove the folder"
        )
    names = [""] * (max(class_map.values()) + 1)
    for folder, index in class_map.items():
        names[index] = names[index] or folder
    return names
