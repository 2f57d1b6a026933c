"""A picture sheet of predictions: a row a picture, a column a mode, with bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from robustbench_ln.corrupted_sets.preview import enlarge, load_font
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.evaluation.predict import NUM_GUESSES, Guess, ModeGuesses
from robustbench_ln.texts.safe import one_line, shorten

__all__ = ["describe_guess", "draw_predictions"]

_PICTURE_SIDE, _COLUMN_WIDTH, _LINE_HEIGHT, _GAP, _FONT_SIZE = 160, 260, 28, 8, 13
_TEXT_HEIGHT, _BAR_HEIGHT = 18, 6
_ROOM, _BAR, _WINNER_BAR = "#eceff3", "#a9b8c9", "#0072b2"


def draw_predictions(
    images: ImageSet,
    said: Sequence[ModeGuesses],
    name_of: Callable[[int], str],
    *,
    title: str,
    names: Sequence[str],
) -> Image.Image:
    """Return the sheet. Pictures are shown as the network sees them, small ones enlarged.

    Args:
        images: The pictures.
        said: What each mode says about them.
        name_of: Class index -> what to call it.
        title: Which network says so.
        names: What to call each picture.
    """
    shape, font = images.shape, load_font(_FONT_SIZE)
    scale = max(1, -(-_PICTURE_SIDE // shape.smaller_side))
    left = shape.width * scale + 2 * _GAP
    row_height = max(shape.height * scale, NUM_GUESSES * _LINE_HEIGHT) + _LINE_HEIGHT + 2 * _GAP
    size = (left + len(said) * _COLUMN_WIDTH, _LINE_HEIGHT + len(images) * row_height)
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    pen.text(
        (_GAP, _GAP),
        _fit(shorten(one_line(title)), size[0] - 2 * _GAP, font.getlength),
        "black",
        font,
    )
    for row in range(len(images)):
        top = _LINE_HEIGHT + row * row_height + _GAP
        name = _fit(shorten(one_line(names[row])), left - 2 * _GAP, font.getlength)
        pen.text((_GAP, top), name, "black", font)
        picture = enlarge(images.read(np.array([row]))[0], scale)
        sheet.paste(picture, (_GAP, top + _LINE_HEIGHT))
        for column, mode in enumerate(said):
            _draw_mode(pen, mode, row, (left + column * _COLUMN_WIDTH, top), name_of)
    return sheet


def _draw_mode(
    pen: ImageDraw.ImageDraw,
    said: ModeGuesses,
    row: int,
    place: tuple[int, int],
    name_of: Callable[[int], str],
) -> None:
    """Draw a mode's name and each class with its bar below; the first one is its prediction."""
    left, top = place
    font = load_font(_FONT_SIZE)
    width = _COLUMN_WIDTH - 2 * _GAP
    pen.text((left, top), said.mode.title, fill="black", font=font)
    for line, guess in enumerate(said.guesses[row], start=1):
        upper = top + line * _LINE_HEIGHT
        numbers = describe_guess(guess, said.num_groups)
        pen.text((left + width, upper), numbers, "black", font=font, anchor="ra")
        room = width - _GAP - font.getlength(numbers)
        name = _fit(shorten(one_line(name_of(guess.class_index))), room, font.getlength)
        pen.text((left, upper), name, "black", font=font)
        bar = upper + _TEXT_HEIGHT
        length = round(guess.probability * width)
        pen.rectangle((left, bar, left + width, bar + _BAR_HEIGHT), fill=_ROOM)
        colour = _WINNER_BAR if line == 1 else _BAR
        pen.rectangle((left, bar, left + length, bar + _BAR_HEIGHT), fill=colour)


def _fit(name: str, room: float, length: Callable[[str], float]) -> str:
    """Return the name, or as much of it as fits before three dots.

    >>> _fit("sulphur-crested cockatoo", 10, len)
    'sulphur...'
    """
    if length(name) <= room:
        return name
    parts = (f"{name[:end]}..." for end in range(len(name), 0, -1))
    return next((part for part in parts if length(part) <= room), "...")


def describe_guess(guess: Guess, num_groups: int) -> str:
    """Return the probability in percent, and the votes where there was a vote.

    >>> describe_guess(Guess(3, 0.8219, 6), num_groups=8)
    '82.2 % 6/8'
    """
    votes = "" if guess.votes is None else f" {guess.votes}/{num_groups}"
    return f"{100 * guess.probability:.1f} %{votes}"
