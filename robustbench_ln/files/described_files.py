"""A file that holds one description: what a run was asked for, what flips were measured on."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from robustbench_ln.errors import RecordError
from robustbench_ln.files.regular_files import open_regular
from robustbench_ln.files.schema import parse_fields, parse_json

__all__ = ["encode_described", "read_described"]

T = TypeVar("T")

_MOST_BYTES = 100_000_000
"""More than any file of ours has."""


def read_described(of: type[T], file: Path) -> T:
    """Return the dataclass that a JSON file holds.

    Raises:
        RecordError: The file cannot be read, is too long to be ours, or has other fields.
    """
    try:
        with open_regular(file) as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise RecordError(f"{file}: cannot be read ({error.strerror}); check the path") from error
    if len(content) > _MOST_BYTES:
        raise RecordError(f"{file}: more than {_MOST_BYTES:,} bytes; not of ln-bench")
    return parse_fields(of, parse_json(content, str(file)), str(file))


def encode_described(description: Any) -> bytes:
    """Return the content of a file that holds a dataclass."""
    return (json.dumps(asdict(description), indent=2, allow_nan=False) + "\n").encode()
