"""A picture sheet of predictions: a row a picture, a column a mode, with bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from robustbench_ln.corrupted_sets.preview import enlarge, load_font
from robustbench_ln.data.image_set import ImageShape, Pixels
from robustbench_ln.evaluation.degraded_copies import Degradation
from robustbench_ln.evaluation.predict import NUM_GUESSES, Copies, Guess
from robustbench_ln.runs.variants import Naming, mode_title
from robustbench_ln.texts.safe import one_line, shorten

__all__ = [
    "SheetRow",
    "describe_copy",
    "describe_guess",
    "draw_predictions",
    "sheet_rows",
    "verdict_on",
]

_PICTURE_SIDE, _COLUMN_WIDTH, _LINE_HEIGHT, _GAP, _FONT_SIZE = 160, 260, 28, 8, 13
_TEXT_HEIGHT, _BAR_HEIGHT = 18, 6
_VERDICTS = {"right": "#005b96", "wrong": "#b3400f"}
_ROOM, _BAR, _WINNER_BAR = "#eceff3", "#a9b8c9", "#0072b2"


class SheetRow(NamedTuple):
    """One row of a sheet.

    Attributes:
        picture: uint8 [H, W, C].
        name: What to call it.
        captions: Lines below the name: what was done to it, its true class.
        said: What each mode says of it: the mode, its number of groups, and its guesses.
        true_class: The right answer; None where nobody said.
    """

    picture: Pixels
    name: str
    captions: tuple[str, ...]
    said: tuple[tuple[str, int, tuple[Guess, ...]], ...]
    true_class: int | None


def sheet_rows(
    copies: Sequence[Copies],
    names: Sequence[str],
    name_of: Callable[[int], str],
    true_classes: Sequence[int] | None,
    *,
    naming: Naming = "papers",
) -> Iterator[SheetRow]:
    """Yield the rows of a sheet: each picture as it is, then its copies.

    Args:
        copies: The pictures, in each degradation.
        names: What to call each picture.
        name_of: Class index -> what to call it.
        true_classes: Class of each picture; None where nobody said.
        naming: What to call the modes.
    """
    for at, name in enumerate(names):
        true_class = None if true_classes is None else true_classes[at]
        for copy in copies:
            yield SheetRow(
                copy.images.read(np.array([at]))[0],
                name,
                describe_copy(copy.degradation, true_class, name_of),
                tuple(
                    (mode_title(m.mode.name, naming), m.num_groups, m.guesses[at])
                    for m in copy.said
                ),
                true_class,
            )


def draw_predictions(
    rows: Sequence[SheetRow], name_of: Callable[[int], str], *, title: str
) -> Image.Image:
    """Return the sheet. Pictures are shown as the network sees them, small ones enlarged.

    Args:
        rows: The pictures, of one size and with the same modes.
        name_of: Class index -> what to call it.
        title: Which network says so.
    """
    shape, font = ImageShape.of(rows[0].picture), load_font(_FONT_SIZE)
    scale = max(1, -(-_PICTURE_SIDE // shape.smaller_side))
    left = shape.width * scale + 2 * _GAP
    head = _LINE_HEIGHT + _TEXT_HEIGHT * max(len(row.captions) for row in rows)
    row_height = max(shape.height * scale, NUM_GUESSES * _LINE_HEIGHT) + head + 2 * _GAP
    size = (left + len(rows[0].said) * _COLUMN_WIDTH, _LINE_HEIGHT + len(rows) * row_height)
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    title = _fit(shorten(one_line(title)), size[0] - 2 * _GAP, font.getlength)
    pen.text((_GAP, _GAP), title, "black", font)
    for number, row in enumerate(rows):
        top = _LINE_HEIGHT + number * row_height + _GAP
        for line, text in enumerate((row.name, *row.captions)):
            fitting = _fit(shorten(one_line(text)), left - 2 * _GAP, font.getlength)
            pen.text((_GAP, top + line * _TEXT_HEIGHT), fitting, "black", font)
        sheet.paste(enlarge(row.picture, scale), (_GAP, top + head))
        for column in range(len(row.said)):
            place = (left + column * _COLUMN_WIDTH, top)
            _draw_mode(pen, row, column, place, name_of, head=head)
    return sheet


def _draw_mode(  # noqa: PLR0913
    pen: ImageDraw.ImageDraw,
    row: SheetRow,
    column: int,
    place: tuple[int, int],
    name_of: Callable[[int], str],
    *,
    head: int,
) -> None:
    """Draw a mode's name and verdict, then each class with its bar; the first is its prediction."""
    mode, num_groups, guesses = row.said[column]
    left, top = place
    font = load_font(_FONT_SIZE)
    width = _COLUMN_WIDTH - 2 * _GAP
    pen.text((left, top), mode, fill="black", font=font)
    said = verdict_on(guesses[0], row.true_class)
    pen.text((left + width, top), said, _VERDICTS.get(said, "black"), font=font, anchor="ra")
    for line, guess in enumerate(guesses):
        upper = top + head + line * _LINE_HEIGHT
        numbers = describe_guess(guess, num_groups)
        pen.text((left + width, upper), numbers, "black", font=font, anchor="ra")
        room = width - _GAP - font.getlength(numbers)
        name = _fit(shorten(one_line(name_of(guess.class_index))), room, font.getlength)
        pen.text((left, upper), name, "black", font=font)
        bar = upper + _TEXT_HEIGHT
        length = round(guess.probability * width)
        pen.rectangle((left, bar, left + width, bar + _BAR_HEIGHT), fill=_ROOM)
        colour = _WINNER_BAR if line == 0 else _BAR
        pen.rectangle((left, bar, left + length, bar + _BAR_HEIGHT), fill=colour)


def verdict_on(guess: Guess, true_class: int | None) -> str:
    """Return whether a prediction is right; "" where nobody said what is.

    >>> verdict_on(Guess(3, 0.8, None), 3), verdict_on(Guess(3, 0.8, None), 5)
    ('right', 'wrong')
    """
    if true_class is None:
        return ""
    return "right" if guess.class_index == true_class else "wrong"


def describe_copy(
    degradation: Degradation | None, true_class: int | None, name_of: Callable[[int], str]
) -> tuple[str, ...]:
    """Return what was done to a picture and what it shows, as far as there is something to say.

    >>> describe_copy(Degradation("contrast", 0.2), 3, str)
    ('contrast 20 %', 'true class 3')
    """
    done = () if degradation is None else (str(degradation),)
    shown = () if true_class is None else (f"true class {name_of(true_class)}",)
    return done + shown


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
