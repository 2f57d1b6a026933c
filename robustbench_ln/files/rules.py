"""What one field of a file may hold: a rule tests values, and says in words what it expects."""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "MOST_IMAGES",
    "Array",
    "Flag",
    "Numbers",
    "Part",
    "Real",
    "Rule",
    "Several",
    "Text",
    "Texts",
    "Whole",
]

MOST_IMAGES = 10**8
"""More images than any test set has; a count above it is damage, and would ask for the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(ABC):
    """What a field may hold.

    Attributes:
        unit: Unit of the number, or "".
        since: Schema since which every file has the field. Files of an earlier one may lack it;
            its default then means "as before".
    """

    unit: str = ""
    since: int = 1

    @property
    @abstractmethod
    def words(self) -> str:
        """What is expected, with its article."""

    @abstractmethod
    def accepts(self, value: object) -> bool:
        """Return whether a field may hold the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Rule):
    """A whole number."""

    least: int = 0
    most: int = MOST_IMAGES

    @property
    def words(self) -> str:
        """What is expected."""
        return f"a whole number from {self.least:,} to {self.most:,}"

    def accepts(self, value: object) -> bool:
        """Return whether a field may hold the value."""
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return is_whole and self.least <= value <= self.most  # type: ignore[operator]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Rule):
    """Yes or no."""

    @property
    def words(self) -> str:
        """What is expected."""
        return "true or false"

    def accepts(self, value: object) -> bool:
        """Return whether a field may hold the value."""
        return isinstance(value, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Real(Rule):
    """A finite number."""

    least: float = -sys.float_info.max
    most: float = sys.float_info.max

    @property
    def words(self) -> str:
        """What is expected."""
        return _range_words(self.least, self.most)

    def accepts(self, value: object) -> bool:
        """Return whether a field may hold the value."""
        is_real = isinstance(value, int | float) and not isinstance(value, bool)
        return is_real and self.least <= value <= self.most  # type: ignore[operator]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Rule):
    """A text.

    Attributes:
        choices: The values it may have; () is any.
        pattern: Regular expression that it matches as a whole; "" is any.
        like: What the pattern wants, in words.
        longest: Most characters.
    """

    choices: tuple[str, ...] = ()
    pattern: str = ""
    like: str = ""
    longest: int = 1000

    @property
    def words(self) -> str:
        """What is expected."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        return self.like or f"text of at most {self.longest:,} characters"

    def accepts(self, value: object) -> bool:
        """Return whether a field may hold the value."""
        if not isinstance(value, str) or len(value) > self.longest or not _is_writable(value):
            return False
        if self.choices:
            return value in self.choices
        return not self.pattern or re.fullmatch(self.pattern, value) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Several(Rule):
    """A list, of which every item keeps one rule."""

    of: Rule
    least: int = 0
    most: int = 10_000

    @property
    def words(self) -> str:
        """What is expected."""
        number = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most:,}"
        return f"a list of {number} items, each {self.of.words}"

    def accepts(self, value: object) -> bool:
        """Return whether a field may hold the value."""
        if not isinstance(value, tuple) or not self.least <= len(value) <= self.most:
            return False
        return all(map(self.of.accepts, value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts(Rule):
    """Names, each with a text."""

    of: Text = Text()
    most: int = 100

    @property
    def words(self) -> str:
        """What is expected."""
        return f"an object of at most {self.most} names, each with {self.of.words}"

    def accepts(self, value: object) -> bool:
        """Return whether a field may hold the value."""
        if not isinstance(value, dict) or len(value) > self.most:
            return False
        return all(self.of.accepts(text) for item in value.items() for text in item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers(Rule):
    """Names, each with a finite number."""

    most: int = 1000

    @property
    def words(self) -> str:
        """What is expected."""
        return f"an object of at most {self.most:,} names, each with {Real().words}"

    def accepts(self, value: object) -> bool:
        """Return whether a field may hold the value."""
        if not isinstance(value, dict) or len(value) > self.most:
            return False
        return all(map(Text().accepts, value)) and all(map(Real().accepts, value.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Rule):
    """A nested dataclass, whose fields have rules of their own."""

    of: type

    @property
    def words(self) -> str:
        """What is expected."""
        return "an object"

    def accepts(self, value: object) -> bool:
        """Return whether a field may hold the value."""
        return isinstance(value, self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Array(Rule):
    """A NumPy array: not empty, all its values finite and in a range.

    Attributes:
        axes: Names of its axes.
        dtype: What it is read as; whole numbers may be stored in any integer type that holds them.
        least: Smallest value.
        most: Largest value.
        may_be_empty: Whether an axis may have no entry.
    """

    axes: tuple[str, ...]
    dtype: str
    least: float = -sys.float_info.max
    most: float = sys.float_info.max
    may_be_empty: bool = False

    @property
    def words(self) -> str:
        """What is expected."""
        values = _range_words(self.least, self.most)
        return f"an array [{', '.join(self.axes)}] of {self.dtype}, each {values}"

    def accepts(self, value: object) -> bool:
        """Return whether a field may hold the value."""
        if not isinstance(value, np.ndarray) or value.ndim != len(self.axes):
            return False
        kind = np.dtype(self.dtype).kind
        if value.dtype.kind not in ("iu" if kind == "i" else kind):
            return False
        if not value.size:
            return self.may_be_empty
        return bool(np.isfinite(value).all() and self._is_inside(value))

    def _is_inside(self, value: np.ndarray[Any, Any]) -> bool:
        return self.least <= float(value.min()) and float(value.max()) <= self.most


def _range_words(least: float, most: float) -> str:
    if most < sys.float_info.max:
        return f"a number from {least:g} to {most:g}"
    return "a finite number" + (f" of at least {least:g}" if least > -sys.float_info.max else "")


def _is_writable(text: str) -> bool:
    """Return whether a text has no lone surrogates, which no file in UTF-8 can hold."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
