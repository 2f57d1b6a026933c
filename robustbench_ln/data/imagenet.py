"""`imagenet:DIR`: pictures in folders named by WordNet id; those of the validation are the test.

The 1,000 ids of ILSVRC 2012 lie in imagenet_wnids.txt, sorted, which is the order that published
networks number their classes in. So a part of the classes (ImageNet-A, -R, a small subset) keeps
the right numbers, which the order of its own folders would not give.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

from robustbench_ln.data.file_images import FileImages
from robustbench_ln.data.folder import class_folders, open_class_folders
from robustbench_ln.data.folder_names import are_imagenet_numbers
from robustbench_ln.data.options import DataOptions
from robustbench_ln.data.parts import find_part
from robustbench_ln.errors import DataError, setting

__all__ = ["load_imagenet", "read_wnids"]


def load_imagenet(folder: Path, source: str, options: DataOptions) -> FileImages:
    """Open DIR/<wnid>/<image>, or DIR/val/<wnid>/<image> (DIR/train for the training part).

    The folders of ImageNetV2, all the numbers 0..999, are places in the list of classes.

    Raises:
        DataError: A folder that is none of the 1,000 classes, or no images.
    """
    inner = folder / ("val" if options.part == "test" else "train")
    root = inner if inner.is_dir() else find_part(folder, options.part, kind="imagenet")
    wnids = read_wnids()
    found = class_folders(root)
    if are_imagenet_numbers(found):
        class_of = {name: int(name) for name in found}
    else:
        places = {wnid: index for index, wnid in enumerate(wnids)}
        _check_known(found, places, root)
        class_of = {name: places[name] for name in found}
    images = open_class_folders(
        root, class_of, source=source, class_names=wnids, framing=options.framing
    )
    return replace(images, numbering="list")


def _check_known(found: Sequence[str], places: Collection[str], root: Path) -> None:
    unknown = [name for name in found if name not in places]
    if unknown:
        raise DataError(
            f"{root}: '{unknown[0]}' is not one of ImageNet's 1,000 classes; expected folders "
            "named by WordNet id, such as n01440764, or all the numbers 0..999 of ImageNetV2 (for "
            f"others use folder:DIR with {setting('class_map')})"
        )


def read_wnids() -> tuple[str, ...]:
    """Return the WordNet id of each class, by class index."""
    text = resources.files("robustbench_ln.data").joinpath("imagenet_wnids.txt").read_text("ascii")
    return tuple(text.split())
