"""`folder:DIR`: a folder for each class, read image by image; memory does not grow with N."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from robustbench_ln.data.files import explain_bad_file
from robustbench_ln.data.image_set import Labels, Pixels, Tick
from robustbench_ln.errors import DataError

__all__ = ["FolderImages", "load_folder"]

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


@dataclass(frozen=True, kw_only=True, eq=False)
class FolderImages:
    """Images in class folders. See `ImageSet` for the shared fields.

    Attributes:
        root: The folder.
        files: [N] paths below it.
        resize: Side to which the shorter side is scaled; None leaves it.
        crop: Side of the central square that is cut out; None leaves it.
    """

    source: str
    kind: str
    root: Path
    files: tuple[str, ...]
    labels: Labels
    class_names: tuple[str, ...]
    shape: tuple[int, int, int]
    resize: int | None
    crop: int | None

    def __len__(self) -> int:
        """Return N."""
        return len(self.files)

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> Pixels:
        """Decode, scale and crop the chosen images.

        Raises:
            DataError: A file cannot be read, or has another shape than the first.
        """
        pixels = np.empty((len(indices), *self.shape), dtype=np.uint8)
        for row, index in zip(pixels, indices, strict=True):
            image = self._read(int(index))
            if image.shape != self.shape:
                raise self._other_shape(int(index), image.shape)
            row[...] = image
        return pixels

    def image_id(self, index: int) -> str:
        """Return the file."""
        return str(self.root / self.files[index])

    def sha256(self, tick: Tick | None = None) -> str:
        """Return the digest of names, labels, files' bytes, and of resize and crop."""
        digest = hashlib.sha256(repr((self.resize, self.crop)).encode())
        for done, (name, label) in enumerate(zip(self.files, self.labels, strict=True), start=1):
            content = _read_bytes(self.root / name)
            digest.update(f"{name}\0{label}\0{len(content)}\0".encode() + content)
            if tick is not None:
                tick(done, len(self))
        return digest.hexdigest()

    def _read(self, index: int) -> Pixels:
        return read_image(self.root / self.files[index], resize=self.resize, crop=self.crop)

    def _other_shape(self, index: int, shape: tuple[int, ...]) -> DataError:
        height, width = shape[:2]
        return DataError(
            f"{self.image_id(index)} is {height}x{width}, {self.image_id(0)} is "
            f"{self.shape[0]}x{self.shape[1]}; make all images one size, as in "
            "--resize 256 --crop 224"
        )


def load_folder(
    root: Path, source: str, *, resize: int | None = None, crop: int | None = None
) -> FolderImages:
    """List DIR/<class>/**/<image>; classes are numbered in the order of their names.

    Args:
        root: DIR.
        source: As the user wrote it.
        resize: Scale the shorter side to so many pixels, bilinear with anti-aliasing.
        crop: Then cut out the central square of so many pixels.

    Raises:
        DataError: No such folder, no class folders, no images, or a first image that is unreadable.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; expected DIR/<class>/<image>")
    classes = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    if not classes:
        raise DataError(f"{root}: no class folders; expected DIR/<class>/<image>")
    files: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        found = sorted(p for p in (root / name).rglob("*") if p.suffix.lower() in SUFFIXES)
        files += [path.relative_to(root).as_posix() for path in found if path.is_file()]
        labels += [label] * (len(files) - len(labels))
    if not files:
        raise DataError(f"{root}: no images in its {len(classes)} class folders (.jpg, .png, ...)")
    first = read_image(root / files[0], resize=resize, crop=crop)
    height, width, channels = first.shape
    return FolderImages(
        source=source,
        kind=source.partition(":")[0],
        root=root,
        files=tuple(files),
        labels=np.array(labels, dtype=np.int64),
        class_names=tuple(classes),
        shape=(height, width, channels),
        resize=resize,
        crop=crop,
    )


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise explain_bad_file(path, "an image", error) from error


def read_image(path: Path, *, resize: int | None, crop: int | None) -> Pixels:
    """Return uint8 [H, W, 3]: turned as EXIF says, in RGB, scaled, cropped.

    Grey, palette, CMYK and transparent images become RGB as Pillow converts them (transparency is
    dropped). 16-bit and float images are refused: their range is not known.

    Raises:
        DataError: The file is no image, is damaged, has 16 bits, or is smaller than the crop.
    """
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise DataError(f"{path}: has mode {image.mode}; expected 8 bits a channel")
            picture = ImageOps.exif_transpose(image).convert("RGB")
    except UnidentifiedImageError as error:
        raise explain_bad_file(path, "an image") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, DataError):
            raise
        raise explain_bad_file(path, "an image", error) from error
    if resize is not None:
        picture = _scale_shorter_side(picture, resize)
    return np.asarray(picture if crop is None else _crop_center(picture, crop, path))


def _scale_shorter_side(picture: Image.Image, side: int) -> Image.Image:
    """As torchvision: the longer side is truncated to whole pixels."""
    width, height = picture.size
    shorter = min(width, height)
    size = (int(side * width / shorter), int(side * height / shorter))
    return picture.resize(size, Image.Resampling.BILINEAR)


def _crop_center(picture: Image.Image, side: int, path: Path) -> Image.Image:
    width, height = picture.size
    if min(width, height) < side:
        raise DataError(f"{path} is {height}x{width}, smaller than --crop {side}; add --resize")
    left, top = round((width - side) / 2), round((height - side) / 2)
    return picture.crop((left, top, left + side, top + side))
