"""The format of ImageNet-C: <corruption>/<severity>/<class>/<file>."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_ln.corrupted_sets.listing import Entry
from robustbench_ln.corrupted_sets.manifest import Manifest, write_entry
from robustbench_ln.corrupted_sets.set_format import Unit
from robustbench_ln.data.file_images import FileImages
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import DataError

__all__ = ["CLASS_MAP", "FolderFormat", "encode_jpeg", "encode_png", "picture_names"]

CLASS_MAP = "class_map.json"
_SHARE_OF_RAW = {".png": 0.6, ".JPEG": 0.15}
"""Size against raw values, about: between a smooth and a noisy picture of 224 px (0.3 and 1.0 as
PNG, 0.03 and 0.2 as JPEG). For the check of free space."""


class FolderFormat:
    """One picture file an image, and class_map.json: class folder -> label.

    Args:
        folder: Folder of the set.
        images: The source. Pictures keep their names; others are called by their positions.
        num_images: N, how many of them.
        uses_jpeg: JPEG in place of PNG.

    Raises:
        DataError: Two pictures of one class have one name.
    """

    def __init__(self, folder: Path, images: ImageSet, num_images: int, *, uses_jpeg: bool) -> None:
        self._folder = folder
        self._encode = encode_jpeg if uses_jpeg else encode_png
        suffix = ".JPEG" if uses_jpeg else ".png"
        self._image_bytes = int(images.shape.num_values * _SHARE_OF_RAW[suffix])
        self._classes = _class_folders(images)
        self._names = [f"{name}{suffix}" for name in picture_names(images)[:num_images]]
        name, count = Counter(self._names).most_common(1)[0]
        if count > 1:
            first, second = [i for i, other in enumerate(self._names) if other == name][:2]
            raise DataError(
                f"{images.image_id(first)} and {images.image_id(second)} would both become "
                f"'{name}'; rename one"
            )

    def pending(self, units: Sequence[Unit], manifest: Manifest) -> list[Unit]:
        """Return the units of which a picture is missing."""
        if not manifest.has_whole(CLASS_MAP):
            class_map = {name: index for index, name in enumerate(self._classes)}
            content = json.dumps(class_map, indent=1) + "\n"
            manifest.add_files([write_entry(self._folder, CLASS_MAP, content.encode())])
        return [
            unit
            for unit in units
            if not all(manifest.has_whole(path) for path in self._paths(unit))
        ]

    def num_bytes(self, unit: Unit) -> int:
        """Return about what the pictures take."""
        return (unit.stop - unit.start) * self._image_bytes

    def write(self, unit: Unit, images: NDArray[Any]) -> list[Entry]:
        """Encode and write a unit's pictures."""
        paths = self._paths(unit)
        for parent in {(self._folder / path).parent for path in paths}:
            parent.mkdir(parents=True, exist_ok=True)
        return [
            write_entry(self._folder, path, self._encode(image), is_synced=False)
            for path, image in zip(paths, images, strict=True)
        ]

    def settle(self, unit: Unit, entries: Sequence[Entry], manifest: Manifest) -> None:
        """List the pictures."""
        del unit
        manifest.add_files(entries)

    def _paths(self, unit: Unit) -> list[str]:
        place = f"{unit.condition.corruption}/{unit.condition.severity:g}"
        return [f"{place}/{name}" for name in self._names[unit.start : unit.stop]]


def picture_names(images: ImageSet) -> list[str]:
    """Return CLASS/NAME of every image, without an ending."""
    classes = _class_folders(images)
    return [
        f"{classes[int(label)]}/{_stem(images, index)}" for index, label in enumerate(images.labels)
    ]


def _class_folders(images: ImageSet) -> list[str]:
    """Return one folder name a class: the class's, or its number where names make no folders."""
    names = list(images.class_names)
    num_classes = max(len(names), int(images.labels.max()) + 1)
    are_folders = all(name and Path(name).name == name != ".." for name in names)
    if are_folders and len(set(names)) == num_classes:
        return names
    width = len(str(num_classes - 1))
    return [f"{index:0{width}}" for index in range(num_classes)]


def _stem(images: ImageSet, index: int) -> str:
    if isinstance(images, FileImages):
        return Path(images.files[index]).stem
    return f"{index:0{len(str(len(images) - 1))}}"


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """Return a PNG of [H, W, C]; fast rather than small (zlib 1, 6 ms at 224 x 224)."""
    bgr = image[..., ::-1]
    done, content = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert done
    return content.tobytes()


def encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    """Return a JPEG of [H, W, C], quality 85, chroma halved (4:2:0), as published."""
    content = io.BytesIO()
    Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(
        content, "JPEG", quality=85
    )
    return content.getvalue()
