"""One picture file: decoded, turned upright, in RGB, framed (scaled and cropped)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from robustbench_ln.errors import DataError, SpecError, by_skin, setting
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.lookup import find_entry

__all__ = ["INTERPOLATIONS", "SUFFIXES", "Framing", "read_picture"]

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

_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV"})
"""Pillow's modes of at most 8 bits a channel that it converts to RGB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How a picture is brought to the network's input size.

    Attributes:
        resize: Pixels of the shorter side, before the crop; None leaves the size.
        crop: Side of the central square that is cut out; None keeps all.
        interpolation: Of the resizing; one of `INTERPOLATIONS`. None is bilinear.

    Raises:
        SpecError: A size below 1, an unknown interpolation, or one with nothing to interpolate.
    """

    resize: int | None = None
    crop: int | None = None
    interpolation: str | None = None

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
    """Return uint8 [H, W, 3]: turned as EXIF says, in RGB, scaled, cropped.

    Grey, palette, CMYK and transparent pictures become RGB as Pillow converts them (transparency
    is dropped, as torchvision drops it). 16-bit and float pictures are refused: Pillow would cut
    them to 8 bits, each file format in its own way.

    Raises:
        DataError: The file is no picture, is damaged, has 16 bits, or is smaller than the crop.
    """
    try:
        with Image.open(path) as image:
            _check_depth(image, path)
            picture = _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise explain_bad_file(path, "an image") from error
    except DataError:
        raise
    except Exception as error:  # Pillow's decoders let a damaged file raise anything
        raise explain_bad_file(path, "an image", error) from error
    if framing.resize is not None:
        picture = _scale_shorter_side(picture, framing.resize, INTERPOLATIONS[framing.resampling])
    if framing.crop is not None:
        picture = _crop_center(picture, framing.crop, path)
    return np.asarray(picture)


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
    """As torchvision: the longer side is truncated to whole pixels."""
    width, height = picture.size
    shorter = min(width, height)
    size = (side * width // shorter, side * height // shorter)
    return picture.resize(size, resampling)


def _crop_center(picture: Image.Image, side: int, path: Path) -> Image.Image:
    """As torchvision, which rounds half a pixel to the even one; it pads, this refuses."""
    width, height = picture.size
    if min(width, height) < side:
        raise DataError(
            f"{path} is {height}x{width}, smaller than {setting('crop', side)}; add "
            f"{setting('resize')}"
        )
    left, top = round((width - side) / 2), round((height - side) / 2)
    return picture.crop((left, top, left + side, top + side))
