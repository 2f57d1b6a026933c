"""`--classes`: the classes that are scored; the network's other logits are left out.

ImageNet-A and ImageNet-R have pictures of 200 of ImageNet's 1,000 classes each. Their authors score
the 200 logits alone, and so does everybody who reports an accuracy on them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np

from robustbench_ln.data.file_images import FileImages
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.data.imagenet import read_wnids
from robustbench_ln.errors import DataError, SpecError, setting
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.lookup import unknown_name

__all__ = ["CLASS_LISTS", "ClassList", "digest_classes", "find_classes", "number_by_wnid",
           "read_class_list"]  # fmt: skip

CLASS_LISTS = {"imagenet-a": "imagenet_a_wnids.txt", "imagenet-r": "imagenet_r_wnids.txt"}
"""Name -> file of the lists that come with the package: WordNet ids, one a line.

Source: Hendrycks et al. 2021, eval.py of natural-adv-examples and of imagenet-r.
"""

NUM_IMAGENET = 1000

_MOST_SHOWN = 100
"""Classes that a message lists."""

_EXPECTED = "a list of classes: a name or WordNet id a line, or a JSON list of names or indices"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassList:
    """The classes that are scored.

    Attributes:
        name: What messages call the list: its file, or "imagenet-a".
        classes: Names, WordNet ids or indices of the network's classes; two or more, each once.

    Raises:
        DataError: Fewer than two, one twice, or one that is neither text nor an index.
    """

    name: str
    classes: tuple[str | int, ...]

    def __post_init__(self) -> None:
        """Check each and all."""
        for item in self.classes:
            if type(item) not in (str, int) or item == "" or (type(item) is int and item < 0):
                raise DataError(f"{self.name}: {item!r:.60} is not a class; expected {_EXPECTED}")
        if len(self.classes) < 2:
            raise DataError(
                f"{self.name}: lists {len(self.classes)} classes; expected two or more, for the "
                "prediction is the best of them"
            )
        twice = [item for item, count in Counter(self.classes).items() if count > 1]
        if twice:
            raise DataError(f"{self.name}: lists {min(map(repr, twice)):.60} twice; once is enough")


def read_class_list(given: str | Path | Sequence[str | int]) -> ClassList:
    """Return the classes that are asked for.

    Args:
        given: "imagenet-a" or "imagenet-r"; a file of names or WordNet ids, one a line, or of a
            JSON list of names or of indices; or, from Python, names or indices.

    >>> len(read_class_list("imagenet-a").classes)
    200

    Raises:
        SpecError: No such file or list.
        DataError: The file cannot be read, or see `ClassList`.
    """
    if not isinstance(given, str | Path):
        return ClassList(name="classes", classes=tuple(given))
    if given in CLASS_LISTS:
        text = resources.files("robustbench_ln.data").joinpath(CLASS_LISTS[str(given)]).read_text()
        return ClassList(name=str(given), classes=tuple(text.split()))
    path = Path(given)
    if not path.exists():
        raise SpecError(
            f"{setting('classes', str(given))}: no such file; expected {_EXPECTED}, or "
            f"{' or '.join(CLASS_LISTS)}"
        )
    try:
        text = read_regular(path).decode("utf-8-sig")
        is_json = text.lstrip()[:1] in ("[", "{")
        items = json.loads(text) if is_json else list(filter(None, map(str.strip, _lines(text))))
    except (OSError, ValueError, RecursionError) as error:
        raise explain_bad_file(path, _EXPECTED, error) from error
    if not isinstance(items, list):
        raise explain_bad_file(path, _EXPECTED)
    return ClassList(name=str(path), classes=tuple(items))


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def number_by_wnid(images: ImageSet) -> ImageSet:
    """Return the pictures of `folder:` with ImageNet's numbers, where it has ImageNet's folders.

    It counts its folders from 0; those of ImageNet-R are classes 1, 2, 4, ... of the network. Any
    other images are returned as they are.
    """
    names, wnids = images.class_names, read_wnids()
    is_folder = isinstance(images, FileImages) and images.kind == "folder"
    if not is_folder or not set(names) <= set(wnids):
        return images
    assert isinstance(images, FileImages)
    number = np.array([wnids.index(name) for name in names])
    return replace(images, labels=number[images.labels], class_names=wnids)


def find_classes(
    listed: ClassList, images: ImageSet, num_classes: int, *, has_class_map: bool
) -> tuple[int, ...] | None:
    """Return the indices of the classes that are scored, in order; None where these are all.

    Names are looked up among those of the images' classes, and WordNet ids in ImageNet's order
    where the network has its 1,000 classes.

    Args:
        listed: The classes that are scored.
        images: The test images.
        num_classes: K of the network.
        has_class_map: Whether a class map says which of the network's classes a folder holds.

    Raises:
        SpecError: A name that is not a class.
        DataError: An index that the network does not have, images of another class, or folders
            that may be any of the network's classes.
    """
    num_names = len(images.class_names)
    if images.kind == "folder" and not has_class_map and num_names != num_classes:
        raise DataError(
            f"{images.source} has {num_names} class folders, the network has {num_classes} "
            f"classes; say with {setting('class_map')} which class each folder holds"
        )
    indices = _look_up(listed, images, num_classes)
    if max(indices) >= num_classes:
        raise DataError(
            f"{listed.name}: lists class {max(indices)}, the network has {num_classes} classes "
            f"(0..{num_classes - 1})"
        )
    if len(set(indices)) < len(indices):
        raise DataError(f"{listed.name}: lists a class twice, by name and index; once is enough")
    outside = np.flatnonzero(~np.isin(images.labels, indices))
    if len(outside):
        label = int(images.labels[outside[0]])
        name = f" '{images.class_names[label]}'" if label < num_names else ""
        raise DataError(
            f"{images.image_id(int(outside[0]))} is of class {label}{name}, which {listed.name} "
            f"leaves out, as are {len(outside)} of {len(images)} images; take them out of the "
            "data, or list their classes"
        )
    return None if len(indices) == num_classes else tuple(sorted(indices))


def _look_up(listed: ClassList, images: ImageSet, num_classes: int) -> list[int]:
    wnids = read_wnids() if num_classes == NUM_IMAGENET else ()
    numbers = {name: index for index, name in enumerate(wnids)}
    numbers |= {name: index for index, name in enumerate(images.class_names) if name}
    for item in listed.classes:
        if isinstance(item, str) and item not in numbers:
            raise _unknown(item, listed, images, numbers)
    return [item if isinstance(item, int) else numbers[item] for item in listed.classes]


def _unknown(
    name: str, listed: ClassList, images: ImageSet, numbers: Mapping[str, int]
) -> SpecError | DataError:
    if len(numbers) < NUM_IMAGENET and name in read_wnids():
        return DataError(
            f"{listed.name}: '{name}' is a class of ImageNet; the network must have its 1,000 "
            "classes in their usual order"
        )
    if not numbers:
        return DataError(
            f"{listed.name}: the classes of {images.source} have no names; list their indices, as "
            "in the JSON list [3, 5]"
        )
    shown = (name if name.isprintable() else repr(name))[:60]
    if len(numbers) > _MOST_SHOWN:
        return SpecError(
            f"{listed.name}: '{shown}' is none of the network's {len(numbers)} classes"
        )
    return unknown_name(shown, numbers, kind=f"class of {listed.name}:")


def digest_classes(indices: Sequence[int] | None) -> str | None:
    """Return what rows say of the classes that are scored: how many, and which; None if all.

    >>> digest_classes([3, 5])
    '2-f129ab6516df'
    """
    if indices is None:
        return None
    text = ",".join(map(str, sorted(indices)))
    return f"{len(indices)}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
