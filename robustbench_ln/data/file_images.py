"""Pictures in files, read when they are asked for: memory does not grow with their number."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.data.image_set import ImageShape, Labels, Numbering, Pixels, Tick
from robustbench_ln.errors import DataError, settings
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.pictures import Framing, read_picture
from robustbench_ln.files.regular_files import read_regular

__all__ = ["FileImages", "open_files"]

_POOLED_PIXELS = 96 * 96
"""From here on threads pay. JPEGs on 2 cores: 4.5 ms at 224 x 224 alone, 2.9 in threads, but 0.14
and 0.25 at 32 x 32, where Python's lock is held for most of the time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FileImages:
    """Pictures in files. See `ImageSet` for the shared fields; `open_files` makes it.

    Attributes:
        root: A folder.
        files: [N] paths below it.
        framing: How each picture is scaled and cropped.
    """

    source: str
    kind: str
    root: Path
    files: tuple[str, ...]
    labels: Labels
    class_names: tuple[str, ...]
    shape: ImageShape
    framing: Framing
    numbering: Numbering = "given"
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return N."""
        return len(self.files)

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> Pixels:
        """Decode, scale and crop the chosen pictures, large ones several at a time.

        Raises:
            DataError: A file cannot be read, or has another shape than the first.
        """
        pixels = np.empty((len(indices), *self.shape), dtype=np.uint8)
        with ThreadPoolExecutor() as pool:
            read = pool.map if self.shape.height * self.shape.width >= _POOLED_PIXELS else map
            for row, picture in zip(pixels, read(self._read, indices), strict=True):
                row[...] = picture
        return pixels

    def image_id(self, index: int) -> str:
        """Return the file."""
        return str(self.root / self.files[index])

    def sha256(self, tick: Tick | None = None) -> str:
        """Return the digest of names, labels, files' bytes, and of the framing."""
        framing = (self.framing.resize, self.framing.crop, self.framing.resampling)
        grey = "grey" if self.framing.is_grey else ""
        digest = hashlib.sha256(f"{framing!r}{grey}".encode())
        for done, (name, label) in enumerate(zip(self.files, self.labels, strict=True), start=1):
            content = _read_bytes(self.root / name)
            digest.update(os.fsencode(name) + f"\0{label}\0{len(content)}\0".encode() + content)
            if tick is not None:
                tick(done, len(self))
        return digest.hexdigest()

    def _read(self, index: int) -> Pixels:
        picture = read_picture(self.root / self.files[index], self.framing)
        if picture.shape != self.shape:
            raise DataError(
                f"{self.image_id(index)} is {ImageShape.of(picture).size}, {self.image_id(0)} is "
                f"{self.shape.size}; make all images the same size, as in "
                f"{settings(resize=256, crop=224)}"
            )
        return picture


def open_files(
    root: Path,
    labelled: Iterable[tuple[str, int]],
    *,
    source: str,
    class_names: Sequence[str],
    framing: Framing,
) -> FileImages:
    """Return the pictures `root / file`, of which the first is read for their shape.

    Args:
        root: A folder.
        labelled: The file below it and the class of each picture; at least one.
        source: Name of the images as the user wrote it.
        class_names: One name a class.
        framing: How each picture is scaled and cropped.

    Raises:
        DataError: The first picture cannot be read.
    """
    files, labels = zip(*labelled, strict=True)
    shape = ImageShape.of(read_picture(root / files[0], framing))
    return FileImages(
        source=source,
        kind=source.partition(":")[0],
        root=root,
        files=files,
        labels=np.array(labels, dtype=np.int64),
        class_names=tuple(class_names),
        shape=shape,
        framing=framing,
    )


def _read_bytes(path: Path) -> bytes:
    try:
        return read_regular(path)
    except OSError as error:
        raise explain_bad_file(path, "an image", error) from error
