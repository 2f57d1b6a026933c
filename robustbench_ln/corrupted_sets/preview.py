"""A picture sheet: one image under every condition, a row a corruption, a column a severity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from robustbench_ln.corruptions.degrade import degrade
from robustbench_ln.corruptions.stream import StreamOptions, find_inputs
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import RecordError, setting
from robustbench_ln.files.whole_files import open_whole
from robustbench_ln.images import round_to_uint8
from robustbench_ln.spec import Condition

__all__ = ["check_new", "draw_sheet", "enlarge", "save_png", "write_sheet"]

_SMALLEST_TILE, _GAP, _NAME_WIDTH, _TITLE_HEIGHT, _FONT_SIZE = 96, 4, 150, 24, 15


def write_sheet(
    images: ImageSet,
    conditions: Sequence[Condition],
    options: StreamOptions,
    *,
    path: Path,
    overwrite: bool,
) -> None:
    """Draw the first image under every condition into a PNG.

    Raises:
        RecordError: The file exists and is not to be overwritten, or cannot be written.
    """
    check_new(path, name="preview", overwrite=overwrite)
    save_png(draw_sheet(images, conditions, options), path)


def check_new(path: Path, *, name: str, overwrite: bool) -> None:
    """Demand a file that does not exist, or may be replaced.

    Raises:
        RecordError: It exists and is not to be overwritten.
    """
    if path.exists() and not overwrite:
        raise RecordError(
            f"{path} exists; give another {setting(name)}, or {setting('overwrite', True)}"
        )


def save_png(sheet: Image.Image, path: Path) -> None:
    """Write a picture whole.

    Raises:
        RecordError: It cannot be written.
    """
    with open_whole(path) as file:
        sheet.save(file, "PNG", optimize=True)


def draw_sheet(
    images: ImageSet, conditions: Sequence[Condition], options: StreamOptions
) -> Image.Image:
    """Return the sheet; the clean image is the first column.

    Args:
        images: The first of them is shown. Small ones are enlarged, pixel by pixel.
        conditions: Corruptions or noises.
        options: Seed and photographs of frost.
    """
    rows = list(dict.fromkeys(condition.corruption for condition in conditions))
    columns = sorted({condition.severity for condition in conditions})
    clean = images.read([0])
    scale = -(-_SMALLEST_TILE // images.shape.smaller_side)
    height, width = (side * scale + _GAP for side in (images.shape.height, images.shape.width))
    size = (_NAME_WIDTH + (len(columns) + 1) * width, _TITLE_HEIGHT + len(rows) * height)
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT_SIZE)
    for column, title in enumerate(["clean", *(f"{severity:g}" for severity in columns)]):
        pen.text((_NAME_WIDTH + column * width, _GAP), title, fill="black", font=font)
    for row, name in enumerate(rows):
        top = _TITLE_HEIGHT + row * height
        pen.text((_GAP, top + height // 2), name, fill="black", font=font, anchor="lm")
        sheet.paste(enlarge(clean[0], scale), (_NAME_WIDTH, top))
    for condition in conditions:
        column, row = columns.index(condition.severity) + 1, rows.index(condition.corruption)
        tile = enlarge(_degrade_first(images, clean, condition, options), scale)
        sheet.paste(tile, (_NAME_WIDTH + column * width, _TITLE_HEIGHT + row * height))
    return sheet


def _degrade_first(
    images: ImageSet,
    clean: NDArray[np.uint8],
    condition: Condition,
    options: StreamOptions,
) -> NDArray[np.uint8]:
    inputs = find_inputs(images, np.arange(len(images)), condition, options)
    degraded = degrade(
        torch.from_numpy(clean), condition, seed=options.seed, indices=[0], inputs=inputs
    ).images
    pixels = degraded if degraded.dtype == torch.uint8 else round_to_uint8(degraded)
    shown: NDArray[np.uint8] = pixels[0].numpy()
    return shown


def enlarge(image: NDArray[np.uint8], scale: int) -> Image.Image:
    """Return [H, W, C] as an RGB picture, each pixel `scale` pixels wide and high."""
    colour = np.broadcast_to(image, (*image.shape[:2], 3))
    return Image.fromarray(colour.repeat(scale, axis=0).repeat(scale, axis=1))
