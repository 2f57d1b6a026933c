"""NAME.npy and labels.npy, as CIFAR-10-C is published: severity s in rows (s - 1) N to s N."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.corrupted_sets.arrays_writer import LABELS
from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS, SEVERITIES
from robustbench_ln.data.image_set import (
    ImageSet,
    ImageShape,
    Labels,
    Numbering,
    Pixels,
    Tick,
    check_labels,
    check_pixels,
    hash_arrays,
)
from robustbench_ln.errors import DataError
from robustbench_ln.files.array_errors import ARRAY_ERRORS
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.digests import file_sha256
from robustbench_ln.files.regular_files import open_regular

__all__ = ["ArrayFiles", "MappedImages", "find_arrays", "load_array"]

_PUBLISHED = (*BENCHMARK_CORRUPTIONS, *EXTRA_CORRUPTIONS)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, kw_only=True, eq=False)
class MappedImages:
    """Rows of an array on disk, read when they are asked for. See `ImageSet` for the fields.

    Attributes:
        path: The file.
        first: Its row that is image 0.
        pixels: [N, H, W, C] uint8, mapped.
    """

    source: str
    kind: str
    path: Path
    first: int
    pixels: Pixels
    labels: Labels
    class_names: tuple[str, ...]
    numbering: Numbering = "given"
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> ImageShape:
        """(H, W, C)."""
        return ImageShape.of(self.pixels)

    def __len__(self) -> int:
        """Return N."""
        return len(self.pixels)

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> Pixels:
        """Return a copy of the chosen images."""
        return np.array(self.pixels[np.asarray(indices, dtype=np.int64)])

    def image_id(self, index: int) -> str:
        """Return file and row."""
        return f"{self.path}, row {self.first + index}"

    def sha256(self, tick: Tick | None = None) -> str:
        """Return the digest of shape, pixels and labels."""
        digest = hash_arrays(self.pixels, self.labels)
        if tick is not None:
            tick(len(self), len(self))
        return digest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArrayFiles:
    """The arrays of a folder.

    Attributes:
        folder: Theirs.
        names: Corruptions: the files' names without their ending.
        labels: [rows] of labels.npy: of every row, or of the N images.
    """

    folder: Path
    names: tuple[str, ...]
    labels: Labels

    def digest(self, name: str) -> str:
        """Return the SHA-256 of the file.

        Raises:
            DataError: It cannot be read.
        """
        path = self._path(name)
        try:
            return file_sha256(path)
        except OSError as error:
            raise explain_bad_file(path, "an array of images", error) from error

    def open(
        self, name: str, clean: ImageSet | None, severities: Sequence[int] | None
    ) -> Iterator[tuple[int, MappedImages]]:
        """Yield the severities in a file, and the images of each.

        Args:
            name: Name of the corruption.
            clean: The same images without corruption, or None.
            severities: That the file holds, where a manifest says so. Else a file of 5 N rows
                holds 1-5, and one of N rows, of a name that is no published corruption's, is a
                shift that has no severities and counts as 1.

        Raises:
            DataError: Not such an array, or other images than the clean ones.
        """
        path = self._path(name)
        pixels = _map_array(path)
        num_images = self._count_images(path, pixels, clean, severities)
        levels = severities or SEVERITIES[: len(pixels) // num_images]
        labels = self._labels_of(path, len(pixels), num_images, clean)
        for position, level in enumerate(levels):
            first = position * num_images
            yield (
                level,
                MappedImages(
                    source=f"{path.name} severity {level}",
                    kind="arrays",
                    path=path,
                    first=first,
                    pixels=pixels[first : first + num_images],
                    labels=labels,
                    class_names=clean.class_names if clean is not None else (),
                ),
            )

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npy"

    def _count_images(
        self,
        path: Path,
        pixels: Pixels,
        clean: ImageSet | None,
        severities: Sequence[int] | None,
    ) -> int:
        """Return N."""
        rows = len(pixels)
        allowed = [len(severities)] if severities else [5] if path.stem in _PUBLISHED else [5, 1]
        if clean is None:
            number = allowed[0] if self._is_tiled(rows, allowed[0]) else 1
            if number not in allowed:
                raise _no_severity(path, rows, allowed[0])
            return rows // number
        if pixels.shape[1:] != clean.shape:
            raise DataError(
                f"{path}: images are {_size(pixels.shape[1:])}, the clean images "
                f"{_size(clean.shape)}; they do not belong together"
            )
        if rows == len(clean) and 1 not in allowed:
            raise _no_severity(path, rows, allowed[0])
        if rows not in [number * len(clean) for number in allowed]:
            raise DataError(
                f"{path}: {rows} images; expected {allowed[0] * len(clean)}, "
                f"{allowed[0]} for each of the {len(clean)} clean images of {clean.source}. Fetch "
                "it again, or give its own clean images"
            )
        return len(clean)

    def _is_tiled(self, rows: int, number: int) -> bool:
        """Return whether the labels are the same ones, repeated."""
        is_whole = len(self.labels) == rows and rows % number == 0
        return is_whole and len(set(map(bytes, np.split(self.labels, number)))) == 1

    def _labels_of(self, path: Path, rows: int, num_images: int, clean: ImageSet | None) -> Labels:
        """Return [N], after a look at every label of the file."""
        file = self.folder / LABELS
        if len(self.labels) not in (rows, num_images):
            raise DataError(
                f"{file}: {len(self.labels)} labels for the {rows} images of {path.name}; expected "
                "one for each"
            )
        expected = self.labels[:num_images] if clean is None else clean.labels
        wrong = np.flatnonzero(self.labels != np.resize(expected, len(self.labels)))
        if len(wrong):
            row = int(wrong[0])
            raise DataError(
                f"{file}, row {row}: label {self.labels[row]}, the clean image {row % num_images} "
                f"has {expected[row % num_images]}; the two sets do not belong together, or one is "
                "in another order"
            )
        return expected


def find_arrays(folder: Path, known: Sequence[str]) -> ArrayFiles | None:
    """Return the arrays of a folder, of all names or of the known ones; None if it has none.

    Raises:
        DataError: No labels, damaged ones, or a name that makes no column of a table.
    """
    names = sorted(path.stem for path in folder.glob("*.npy") if path.name != LABELS)
    names = [name for name in names if not known or name in known]
    if not names:
        return None
    if strange := [name for name in names if not _PLAIN_NAME.fullmatch(name)]:
        raise DataError(
            f"{folder / strange[0]!s}.npy: rename it; a corruption's name has letters, digits and "
            "_ . - alone"
        )
    labels = load_array(folder / LABELS)
    check_labels(labels, labels.size, str(folder / LABELS))
    return ArrayFiles(folder=folder, names=tuple(names), labels=labels.astype(np.int64))


def _map_array(path: Path) -> Pixels:
    pixels = load_array(path)
    check_pixels(pixels, str(path))
    assert isinstance(pixels, np.memmap)
    excess = path.stat().st_size - pixels.offset - pixels.nbytes
    if excess:
        raise DataError(f"{path}: {excess} bytes after the end of its array; fetch it again")
    return pixels


def load_array(path: Path) -> NDArray[Any]:
    """Map an array: one that is longer than its file is refused before memory is taken for it."""
    if not path.is_file():
        raise DataError(f"{path}: no such file; a corrupted set needs it")
    try:
        with open_regular(path) as file:
            if file.read(6) != b"\x93NUMPY":
                raise explain_bad_file(path, "an array (.npy)")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of headers as Python 2 wrote them
            array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ARRAY_ERRORS as error:
        raise explain_bad_file(path, "a whole array (.npy)", error) from error
    return np.asanyarray(array)


def _no_severity(path: Path, rows: int, number: int) -> DataError:
    return DataError(
        f"{path}: its {rows} rows are the images once, and nothing says at which severity; "
        f"expected those of {number} severities, severity 1 first. To evaluate it as a shift of "
        f"its own, without a severity, name it otherwise ('my_{path.name}') and give "
        f"corrupted:{path.parent}"
    )


def _size(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
