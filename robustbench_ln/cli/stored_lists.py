"""What `ln-bench list` says of registries that import torch, kept in a file: torch takes seconds.

`python -m tools.render` makes lists.json from the registries; a test says whether it is theirs.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from robustbench_ln.files.regular_files import read_regular

__all__ = ["LISTS", "Rows", "stored_names", "stored_rows"]

LISTS = Path(__file__).with_name("lists.json")

Rows = list[tuple[str, str]]
"""Name and text of each entry; lines without a name are details of the entry above them."""


def stored_rows(what: str) -> Rows:
    """Return the rows of a list."""
    return [(name, text) for name, text in _read_lists()[what]]


def stored_names(what: str) -> tuple[str, ...]:
    """Return the names of its entries, each once, without patterns as torchvision:NAME."""
    rows = stored_rows(what)
    return tuple(dict.fromkeys(name for name, _ in rows if name and ":" not in name))


@cache
def _read_lists() -> dict[str, list[list[str]]]:
    lists: dict[str, list[list[str]]] = json.loads(read_regular(LISTS))
    return lists
