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
from robustbench_ln.texts.safe import one_line, shorten

__all__ = ["check_new", "draw_sheet", "enlarge", "load_font", "save_png", "write_sheet"]

_SMALLEST_TILE, _GAP, _TITLE_HEIGHT, _FONT_SIZE = 96, 4, 24, 13


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
    rows = list(dict.fromkeys(map(_row_name, conditions)))
    columns = list(dict.fromkeys(map(_column_name, sorted(conditions, key=lambda c: c.severity))))
    clean, font = images.read([0]), load_font(_FONT_SIZE)
    scale = -(-_SMALLEST_TILE // images.shape.smaller_side)
    height, width = (side * scale + _GAP for side in (images.shape.height, images.shape.width))
    left = round(max(font.getlength(line) for row in rows for line in row.split("\n"))) + 3 * _GAP
    title = _title(images, conditions, options)
    right = max(left + (len(columns) + 1) * width, round(font.getlength(title)) + 3 * _GAP)
    sheet = Image.new("RGB", (right, 2 * _TITLE_HEIGHT + len(rows) * height), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((_GAP, _GAP), title, fill="black", font=font)
    for column, name in enumerate(["clean", *columns]):
        pen.text((left + column * width, _TITLE_HEIGHT + _GAP), name, fill="black", font=font)
    for row, name in enumerate(rows):
        top = 2 * _TITLE_HEIGHT + row * height
        pen.text((_GAP, top + height // 2), name, fill="black", font=font, anchor="lm")
        sheet.paste(enlarge(clean[0], scale), (left, top))
    for condition in conditions:
        column = columns.index(_column_name(condition)) + 1
        top = 2 * _TITLE_HEIGHT + rows.index(_row_name(condition)) * height
        tile = enlarge(_degrade_first(images, clean, condition, options), scale)
        sheet.paste(tile, (left + column * width, top))
    return sheet


def _title(images: ImageSet, conditions: Sequence[Condition], options: StreamOptions) -> str:
    """Return which image is shown, and by which severities and seed."""
    tables = sorted({c.severity_table for c in conditions if c.severity_table})
    severities = [f"severities of {' and '.join(tables)}"] if tables else []
    source = shorten(one_line(images.source), 60)
    return ", ".join([f"first image of {source}", *severities, f"seed {options.seed}"])


def _row_name(condition: Condition) -> str:
    """Return a corruption's name, and below it what else tells it apart."""
    limits = condition.range and {"none": "not clipped"}.get(condition.range, condition.range)
    parts = [condition.convention, limits, condition.frost]
    return "\n".join(filter(None, [condition.corruption, ", ".join(filter(None, parts))]))


def _column_name(condition: Condition) -> str:
    return f"{'severity' if condition.severity_table else 'σ'} {condition.severity:g}"


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


def load_font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font of sheets, which comes with matplotlib: Pillow's own lacks most letters."""
    from matplotlib import get_data_path

    path = Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def enlarge(image: NDArray[np.uint8], scale: int) -> Image.Image:
    """Return [H, W, C] as an RGB picture, each pixel `scale` pixels wide and high."""
    colour = np.broadcast_to(image, (*image.shape[:2], 3))
    return Image.fromarray(colour.repeat(scale, axis=0).repeat(scale, axis=1))
