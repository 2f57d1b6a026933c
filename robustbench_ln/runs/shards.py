"""A shard of a run: every n-th of its conditions, for one of n jobs that need not meet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.texts.safe import shorten

__all__ = ["SHARD_PATTERN", "Shard", "parse_shard"]

Item = TypeVar("Item")

_MOST = 99_999
SHARD_PATTERN = r"[1-9][0-9]{0,4}/[1-9][0-9]{0,4}"
"""Of "2/4", as run.json has it."""


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """One of n shards, counted from 1. The one of one is the whole.

    >>> str(Shard(2, 4)), Shard(2, 4).take(range(10))
    ('2/4', [1, 5, 9])

    Raises:
        SpecError: There is no such shard.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        """Refuse a shard that is not among 1 to n."""
        if not 1 <= self.number <= self.count <= _MOST:
            raise _no_shard(str(self))

    def __str__(self) -> str:
        """Return it as it is given, "2/4"."""
        return f"{self.number}/{self.count}"

    def take(self, items: Sequence[Item]) -> list[Item]:
        """Return what falls to this shard. Neighbours, which cost alike, fall to different ones."""
        return list(items[self.number - 1 :: self.count])


def parse_shard(text: str) -> tuple[int, int]:
    """Return number and count of the shard that "i/n" names.

    Raises:
        SpecError: It is no such text, or there is no such shard.
    """
    if not re.fullmatch(r"[0-9]{1,9}/[0-9]{1,9}", text):
        raise _no_shard(text)
    shard = Shard(*map(int, text.split("/")))
    return shard.number, shard.count


def _no_shard(text: str) -> SpecError:
    return SpecError(
        f"{setting('shard', shorten(text))}: expected i/n, the i-th of n shards with i from 1 to "
        "n, as in 1/4"
    )
