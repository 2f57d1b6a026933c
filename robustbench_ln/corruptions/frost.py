"""frost: a window of a photograph of frost, added to the image."""

from __future__ import annotations

import hashlib
import importlib.util
import warnings
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.contract import Corruption, Draws, Parameters, Streams
from robustbench_ln.corruptions.fog import plasma
from robustbench_ln.errors import DataError, Message, SpecError, setting
from robustbench_ln.files.pictures import open_picture
from robustbench_ln.rng import stream
from robustbench_ln.spec import FrostTextures

__all__ = [
    "FrostTextures",
    "add_frost",
    "choose_textures",
    "digest_of",
    "draw_frost",
    "find_frost_folder",
    "fit_texture",
    "load_frost_textures",
    "procedural_frost",
    "with_textures",
]

Texture = NDArray[np.uint8]


FROST_FILES = ("frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg")
PACKAGES = {
    "imagecorruptions": "frost",
    "imgcorr": "frost",
    "corrupt_tta": "assets/frost",
}
"""Packages that carry the photographs, and in which of their folders."""

_LEAST_SIDE, _MOST_PIXELS, _LONGEST = 8, 2**24, 16
"""A photograph's shorter side, its pixels, and its longer side to its shorter one.

The published ones have sides of 500 to 1,100 pixels. A line of 1 x 10^7 would be enlarged to cover
the images, and shrunk to nothing by the scale of CIFAR-10-C.
"""


@lru_cache(maxsize=2)
def load_frost_textures(folder: Path | None = None) -> FrostTextures:
    """Read the photographs once: from `folder`, else from an installed package, else make some.

    Warns: Once, if there are no photographs: procedural frost is not comparable to the published.

    Raises:
        DataError: `folder` lacks one of the files, or one is no image.
    """
    found = find_frost_folder() if folder is None else folder
    if found is not None:
        return FrostTextures("photographs", tuple(_read(found / name) for name in FROST_FILES))
    warnings.warn(
        Message(
            "no photographs of frost found: frost is procedural and not comparable to the "
            f"published sets; give a folder with {', '.join(FROST_FILES)} by {setting('frost_dir')}"
        ),
        stacklevel=2,
    )
    return procedural_frost()


def find_frost_folder() -> Path | None:
    """Return the folder of the photographs in an installed package, which is not imported."""
    for package, inside in PACKAGES.items():
        spec = importlib.util.find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            folder = Path(root, inside)
            if all((folder / name).is_file() for name in FROST_FILES):
                return folder
    return None


def _read(path: Path) -> Texture:
    try:
        with open_picture(path) as image:
            size = image.size
            if _is_photograph(*size):
                return np.asarray(image.convert("RGB"))
    except DataError as error:
        raise DataError(
            f"{path}: cannot be read as an image; {setting('frost_dir')} needs "
            f"{', '.join(FROST_FILES)}"
        ) from error
    raise DataError(
        f"{path}: has {size[1]}x{size[0]} pixels; a photograph of frost has sides of {_LEAST_SIDE} "
        f"or more, of which none is {_LONGEST} times the other, and at most {_MOST_PIXELS:,} pixels"
    )


def _is_photograph(width: int, height: int) -> bool:
    shorter, longer = sorted((width, height))
    is_even = shorter >= _LEAST_SIDE and longer <= _LONGEST * shorter
    return is_even and width * height <= _MOST_PIXELS


@lru_cache(maxsize=1)
def procedural_frost() -> FrostTextures:
    """Make five textures of 512x512 bluish ridges, always the same."""
    textures = []
    for index in range(len(FROST_FILES)):
        uniforms = torch.from_numpy(stream(0, "frost texture", index).random((1, 512 * 512 - 1)))
        ridges = 1 - (2 * plasma(uniforms, 2.0)[0] - 1).abs()
        tint = torch.tensor([0.80, 0.92, 1.0], dtype=torch.float64)
        textures.append((ridges[..., None] ** 2 * tint * 255).to(torch.uint8).numpy())
    return FrostTextures("procedural", tuple(textures))


def digest_of(textures: FrostTextures) -> str:
    """Return the SHA-256 of the pictures."""
    return hashlib.sha256(b"".join(sheet.tobytes() for sheet in textures.textures)).hexdigest()


def choose_textures(given: FrostTextures | None, kind: str | None) -> FrostTextures:
    """Return the textures that were given, or procedural ones, where a condition has that kind.

    Raises:
        SpecError: They are of another kind: a row must not call procedural frost photographs.
    """
    textures = procedural_frost() if given is None else given
    if textures.kind != kind:
        raise SpecError(
            f"a condition has {kind or 'no'} frost textures, but the ones given are "
            f"{textures.kind}; give the textures that the conditions were made with"
        )
    return textures


def with_textures(frost: Corruption, textures: FrostTextures) -> Corruption:
    """Return the entry `frost` drawing from these textures."""
    return replace(frost, draw=partial(draw_frost, textures=textures))


def draw_frost(
    images: Tensor,
    parameters: Parameters,
    streams: Streams,
    *,
    textures: FrostTextures | None = None,
) -> Draws:
    """Draw the texture, row and column of each window, and cut it out: uint8 [N, H, W, 3].

    Args:
        images: [N, H, W, 3] uint8.
        parameters: (share of the image, share of the frost, scale of the textures).
        streams: One generator an image.
        textures: None makes procedural ones.
    """
    height, width = images.shape[1:3]
    source = procedural_frost() if textures is None else textures
    sheets = _fit_all(source, parameters[2], height, width)
    windows = np.empty((len(images), height, width, 3), dtype=np.uint8)
    for window, generator in zip(windows, streams, strict=True):
        which, down, right = generator.random(3)
        sheet = sheets[int(which * len(sheets))]
        top = int(down * (sheet.shape[0] - height))
        left = int(right * (sheet.shape[1] - width))
        window[...] = sheet[top : top + height, left : left + width]
    return (torch.from_numpy(windows),)


@lru_cache(maxsize=4)
def _fit_all(source: FrostTextures, scale: float, height: int, width: int) -> tuple[Texture, ...]:
    return tuple(fit_texture(sheet, scale, height, width) for sheet in source.textures)


def fit_texture(sheet: Texture, scale: float, height: int, width: int) -> Texture:
    """Scale a texture, bilinear without anti-aliasing, and enlarge it if it does not cover."""
    if scale != 1:
        sheet = np.asarray(cv2.resize(sheet, None, fx=scale, fy=scale), dtype=np.uint8)
    enlarge = max((height + 1) / sheet.shape[0], (width + 1) / sheet.shape[1])
    if enlarge > 1:
        size = (int(np.ceil(sheet.shape[1] * enlarge)), int(np.ceil(sheet.shape[0] * enlarge)))
        sheet = np.asarray(cv2.resize(sheet, size), dtype=np.uint8)
    return sheet


def add_frost(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Add a window of frost, a x + b frost (frost).

    Args:
        images: [N, H, W, 3] uint8.
        draws: uint8 windows of the same shape.
        parameters: (a, b, scale of the textures).
    """
    kept, added, _ = parameters
    frozen = draws[0].to(torch.float64).mul_(added)
    levels = images.to(torch.float64).mul_(kept).add_(frozen)
    return levels.clamp_(0, 255).to(torch.int32).to(torch.uint8)
