"""One picture file: decoded, turned upright, in RGB, framed (scaled and cropped).

`open_picture` is the one place that opens pictures. Pillow knows some forty formats, and for one of
them, PostScript, it starts another program: only the formats of photographs are allowed here.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from robustbench_ln.errors import DataError, SpecError, by_skin, setting
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.regular_files import open_regular
from robustbench_ln.lookup import find_entry

__all__ = ["INTERPOLATIONS", "MAX_PIXELS", "SUFFIXES", "Framing", "open_picture", "read_picture"]

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "PPM")
"""Pillow's names of the formats that are decoded. The content decides, not the file's name."""

MAX_PIXELS = 2**26
"""Most pixels of a picture that is decoded: 8,192 x 8,192. The largest of ImageNet has 61 million.
One such picture takes 0.8 GB (1.3 as WEBP) while it is decoded."""

_LARGE_PIXELS = 2**22
_ONE_LARGE_PICTURE, _ONE_HEADER = Lock(), Lock()
"""Threads take turns over pictures of more than `_LARGE_PIXELS`, so that memory does not grow with
the number of cores; and over headers, since Python's list of ignored warnings is one for all."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
"""Of the files that are pictures, in lower case; torchvision's list."""

INTERPOLATIONS: Mapping[str, Image.Resampling] = MappingProxyType(
    {
        "bilinear": Image.Resampling.BILINEAR,
        "bicubic": Image.Resampling.BICUBIC,
        "lanczos": Image.Resampling.LANCZOS,
        "nearest": Image.Resampling.NEAREST,
        "box": Image.Resampling.BOX,
        "hamming": Image.Resampling.HAMMING,
    }
)
"""By the names that torchvision and timm use too. All but nearest are anti-aliased."""

_EXPECTED = "an image (JPEG, PNG, BMP, WEBP, TIFF or PPM)"
_LIMIT = f"the {MAX_PIXELS:,} pixels that are decoded; scale it down"

_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV"})
"""Pillow's modes of at most 8 bits a channel that it converts to RGB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How a picture is brought to the network's input size.

    Attributes:
        resize: Pixels of the shorter side, before the crop; None leaves the size.
        crop: Side of the central square that is cut out; None keeps all.
        interpolation: Interpolation of the resizing; one of `INTERPOLATIONS`. None is bilinear.
        is_grey: Whether colours become one channel, their luma (ITU-R 601), for a grey network.

    Raises:
        SpecError: A size below 1, an unknown interpolation, or one with nothing to interpolate.
    """

    resize: int | None = None
    crop: int | None = None
    interpolation: str | None = None
    is_grey: bool = False

    def __post_init__(self) -> None:
        """Check the sizes and the name."""
        for name, value in (("resize", self.resize), ("crop", self.crop)):
            if value is not None and value < 1:
                raise SpecError(f"{setting(name)} is {value}; expected 1 or more pixels")
        if self.interpolation is not None:
            find_entry(
                INTERPOLATIONS,
                self.interpolation,
                kind=by_skin(command_line=setting("interpolation"), python="interpolation"),
            )
            if self.resize is None:
                raise SpecError(
                    f"{setting('interpolation', self.interpolation)} needs "
                    f"{setting('resize', 'PIXELS')}"
                )

    @property
    def resampling(self) -> str:
        """The interpolation, named or not."""
        return self.interpolation or "bilinear"


def read_picture(path: Path, framing: Framing) -> NDArray[np.uint8]:
    """Return uint8 [H, W, 3], or [H, W, 1] in grey: turned as EXIF says, in RGB, scaled, cropped.

    Grey, palette, CMYK and transparent pictures become RGB as Pillow converts them (transparency
    is dropped, as torchvision drops it). 16-bit and float pictures are refused: Pillow would cut
    them to 8 bits, each file format in its own way.

    Raises:
        DataError: The file is no picture, is damaged, has 16 bits or too many pixels, or is
            smaller than the crop.
    """
    with open_picture(path) as image:
        _check_depth(image, path)
        picture = _to_rgb(ImageOps.exif_transpose(image))
        if framing.resize is not None:
            resampling = INTERPOLATIONS[framing.resampling]
            picture = _scale_shorter_side(picture, framing.resize, resampling)
        if framing.crop is not None:
            picture = _crop_center(picture, framing.crop, path)
        if framing.is_grey:
            return np.asarray(picture.convert("L"))[..., None]
        return np.asarray(picture)


@contextmanager
def open_picture(path: Path) -> Iterator[ImageFile.ImageFile]:
    """Open a picture of one of `FORMATS`, of which nothing but the header has been decoded.

    Of a file with several frames or pages (TIFF, animated PNG and WEBP) this is the first, as in
    torchvision; the others are never decoded.

    Raises:
        DataError: The file is no picture, has too many pixels, or is damaged: also where the
            block that uses the picture finds that out.
    """
    try:
        with open_regular(path) as file, _read_header(file, path) as image:
            is_large = image.width * image.height > _LARGE_PIXELS
            with _ONE_LARGE_PICTURE if is_large else nullcontext():
                yield image
    except UnidentifiedImageError as error:
        raise explain_bad_file(path, _EXPECTED) from error
    except DataError:
        raise
    except Exception as error:  # Pillow's decoders let a damaged file raise anything
        raise explain_bad_file(path, _EXPECTED, error) from error


def _read_header(file: BinaryIO, path: Path) -> ImageFile.ImageFile:
    """Return the picture, if it has no more than `MAX_PIXELS`."""
    with _ONE_HEADER, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is lower
        try:
            image = Image.open(file, formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise DataError(f"{path}: has more than {_LIMIT}") from error
    if image.width * image.height > MAX_PIXELS:
        size = f"{image.height}x{image.width} = {image.width * image.height:,} pixels"
        raise DataError(f"{path}: has {size}, more than {_LIMIT}")
    return image


def _check_depth(image: ImageFile.ImageFile, path: Path) -> None:
    """Refuse more than 8 bits a channel, also where Pillow would cut them off silently."""
    packed = [tile.args if isinstance(tile.args, tuple) else (tile.args,) for tile in image.tile]
    is_deep = any(";16" in str(args[:1]) and "BGR" not in str(args[:1]) for args in packed)
    is_deep |= image.format == "PPM" and any(args[1:] > (255,) for args in packed)  # its maximum
    if is_deep or image.mode not in _MODES:
        mode = f"{image.mode}, 16 bits" if is_deep else image.mode
        raise DataError(
            f"{path}: has mode {mode}; expected grey or colour of 8 bits a channel. Convert it, "
            "in the way that the network's training images were"
        )


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")  # the same colours, and Pillow does not warn
    return image.convert("RGB")


def _scale_shorter_side(
    picture: Image.Image, side: int, resampling: Image.Resampling
) -> Image.Image:
    """Scale as torchvision does: the longer side is truncated to whole pixels."""
    width, height = picture.size
    shorter = min(width, height)
    size = (side * width // shorter, side * height // shorter)
    return picture.resize(size, resampling)


def _crop_center(picture: Image.Image, side: int, path: Path) -> Image.Image:
    """Crop as torchvision does (half a pixel is rounded to the even one), but do not pad."""
    width, height = picture.size
    if min(width, height) < side:
        raise DataError(
            f"{path} is {height}x{width}, smaller than {setting('crop', side)}; add "
            f"{setting('resize')}"
        )
    left, top = round((width - side) / 2), round((height - side) / 2)
    return picture.crop((left, top, left + side, top + side))
