"""What the names of class folders give away about their numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["are_imagenet_numbers", "are_misordered_numbers", "are_wnids"]

_NUMBER = re.compile("[0-9]{1,9}")
_NUMBERED = re.compile("([^0-9]*)([0-9]{1,9})([^0-9].*)?", re.DOTALL)
_WNID = re.compile("n[0-9]{8}")


def are_misordered_numbers(names: Sequence[str]) -> bool:
    """Return whether folders are numbered, and their order as text is not that of the numbers.

    Names that have more than a number ("class10", "10_truck") are taken for numbered where all
    begin alike and the numbers have no gaps.

    >>> are_misordered_numbers(["1", "10", "2"]), are_misordered_numbers(["01", "02", "10"])
    (True, False)
    >>> are_misordered_numbers(["c1", "c10", *(f"c{i}" for i in range(2, 10))])
    True
    """
    if names and all(map(_NUMBER.fullmatch, names)):
        numbers = [int(name) for name in sorted(names)]
        return numbers != sorted(numbers)
    found = [_NUMBERED.fullmatch(name) for name in sorted(names)]
    parts = [(match[1], int(match[2])) for match in found if match is not None]
    numbers = [number for _, number in parts]
    if len(parts) < len(names) or len({prefix for prefix, _ in parts}) != 1:
        return False
    has_no_gap = sorted(numbers) == list(range(min(numbers), min(numbers) + len(numbers)))
    return has_no_gap and numbers != sorted(numbers)


def are_wnids(names: Sequence[str]) -> bool:
    """Return whether all names are WordNet ids, as n01440764."""
    return bool(names) and all(map(_WNID.fullmatch, names))


def are_imagenet_numbers(names: Sequence[str]) -> bool:
    """Return whether the names are the 1,000 numbers 0..999, as those of ImageNetV2.

    A part of them says too little: 1..10 may be the places of ten classes of one's own.
    """
    if len(names) != 1000 or not all(map(_NUMBER.fullmatch, names)):
        return False
    return {int(name) for name in names} == set(range(1000))
