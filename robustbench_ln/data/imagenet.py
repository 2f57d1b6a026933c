"""`imagenet:DIR`: pictures in folders named by WordNet id; those of the validation are the test.

The 1,000 ids of ILSVRC 2012 lie in imagenet_wnids.txt, sorted, which is the order that published
networks number their classes in. So a part of the classes (ImageNet-A, -R, a small subset) keeps
the right numbers, which the order of its own folders would not give.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from robustbench_ln.data.file_images import FileImages, open_files
from robustbench_ln.data.folder import class_folders, pictures_below
from robustbench_ln.data.options import DataOptions
from robustbench_ln.errors import DataError, setting

__all__ = ["load_imagenet", "read_wnids"]


def load_imagenet(folder: Path, source: str, options: DataOptions) -> FileImages:
    """Open DIR/<wnid>/<image>, or DIR/val/<wnid>/<image> (DIR/train for the training part).

    Raises:
        DataError: A folder that is none of the 1,000 classes, or no images.
    """
    inner = folder / ("val" if options.part == "test" else "train")
    root = inner if inner.is_dir() else folder
    wnids = read_wnids()
    class_of = {wnid: index for index, wnid in enumerate(wnids)}
    found = class_folders(root)
    unknown = [name for name in found if name not in class_of]
    if unknown:
        raise DataError(
            f"{root}: '{unknown[0]}' is not one of ImageNet's 1,000 classes; expected folders "
            "named by WordNet id, such as n01440764 (for others use folder:DIR with "
            f"{setting('class_map')})"
        )
    labelled = [(file, class_of[wnid]) for wnid in found for file in pictures_below(root, wnid)]
    if not labelled:
        raise DataError(f"{root}: no images in its {len(found)} class folders (.jpg, .png, ...)")
    return open_files(root, labelled, source=source, class_names=wnids, framing=options.framing)


def read_wnids() -> tuple[str, ...]:
    """Return the WordNet id of each class, by class index."""
    text = resources.files("robustbench_ln.data").joinpath("imagenet_wnids.txt").read_text("ascii")
    return tuple(text.split())
