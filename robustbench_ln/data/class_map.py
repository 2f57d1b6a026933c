"""`--class-map FILE`: which class of the network a folder holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from robustbench_ln.data.image_set import MOST_CLASSES
from robustbench_ln.errors import DataError
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.regular_files import read_regular

__all__ = ["ClassMap", "name_classes", "read_class_map"]

_EXPECTED = (
    'a JSON object {"folder": class index, ...}, or a list of folders in the order of the '
    "network's classes, JSON or one a line"
)


class ClassMap(NamedTuple):
    """Numbers of classes.

    Attributes:
        class_of: Folder -> class index.
        is_list: Whether the file lists every class of the network in its order.
    """

    class_of: Mapping[str, int]
    is_list: bool


def read_class_map(path: Path) -> ClassMap:
    """Read class indices by folder name, {"cat": 3, "dog": 5}, or the names in the network's order.

    An object may give several folders one class. It is what torchvision's
    `ImageFolder.class_to_idx` is when saved with `json.dump`. A list is JSON, or text with one name
    a line, empty lines at its end apart.

    Raises:
        DataError: No such file, neither form, a value that is not a class index, a repeated name.
    """
    try:
        text = read_regular(path).decode("utf-8-sig")
        is_json = path.suffix.lower() == ".json" or text.lstrip()[:1] in ("{", "[")
        content = json.loads(text, object_pairs_hook=_Pairs) if is_json else _lines(text)
    except (OSError, ValueError, RecursionError) as error:
        raise explain_bad_file(path, _EXPECTED, error) from error
    if not content or not isinstance(content, _Pairs | list):
        raise explain_bad_file(path, _EXPECTED)
    if isinstance(content, _Pairs):
        _check_once((folder for folder, _ in content), path)
        return ClassMap(_check_indices(dict(content), path), is_list=False)
    wrong = next((name for name in content if not isinstance(name, str) or not name), None)
    if wrong is not None:
        place = content.index(wrong) + 1
        raise DataError(
            f"{path}: entry {place} is {json.dumps(wrong)[:40]}; expected the name of class "
            f"{place - 1}"
        )
    _check_once(content, path)
    return ClassMap({name: index for index, name in enumerate(content)}, is_list=True)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as pairs of key and value, so that repeated keys are seen."""


def _lines(text: str) -> list[str]:
    return [line.strip() for line in re.split("\r\n|\n|\r", text.rstrip())] if text.strip() else []


def _check_once(names: Iterable[str], path: Path) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{path}: '{name}' is listed twice; a folder has one class")
        seen.add(name)


def _check_indices(content: dict[str, Any], path: Path) -> dict[str, int]:
    for folder, index in content.items():
        if type(index) is not int or not 0 <= index < MOST_CLASSES:
            raise DataError(
                f"{path}: {folder!r} has class {_show(index)}; expected a class index of "
                f"the network, 0 or more and below {MOST_CLASSES:,}"
            )
    return content


def _show(value: Any) -> str:
    return "an object" if isinstance(value, _Pairs) else json.dumps(value)[:40]


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
