"""What is done to good content: damaged bytes, JSON with values of every kind, hostile text."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.random import Generator

MARK = "\x1b]0;owned\x07\x9b31m\u202e\u2066\u200b"
TEXTS = (
    "", "x", "a" * 200_000, MARK, f"a{MARK}\n| b |\r\n```\n<script>x</script>", "=cmd()|' /C calc'!A0", "../../x",
    "/etc/passwd", "\ud800", "\udcff", "a\0b", "%s%n{0}{x!r}", "--help", "$(touch x)",
    "[x](http://e.vil)", "\\input{x}", "ln-voting", "inf", "nan", "1e999", "\u0130\ufb01\u1e9e",
    "\ue000seed\ue001 1\ue0011\ue002", "CON", ".", "..", "~", "~nosuchuser/x", "-", "a:b:c", " ",
)  # fmt: skip
"""Texts that a stranger may put where a text is expected."""

VALUES: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2, 5, 1.5, -0.0, 10**30, 2**31, 2**63, 10**400, 1e308, 5e-324,
    float("nan"), float("inf"), [], [["x"]], [None] * 20_000, [1, 2, 3], {}, {"x": {}},
    {"\udfff": 1}, *TEXTS,
)  # fmt: skip

_NUMBERS = [
    size.to_bytes(width, order)
    for width in (1, 2, 4, 8)
    for size in (0, 1, 2 ** (8 * width - 1) - 1, 2 ** (8 * width - 1), 2 ** (8 * width) - 1)
    for order in ("little", "big")
]
_TOKENS = (
    b"[" * 100_000, b"{" * 5_000, b"9" * 5_000, b"\n", b"\0", b"-", b'"', b"]", b"}", b",",
    b"\xff\xfe", b"\xef\xbb\xbf", b"NaN", b"../", MARK.encode(), b"\x9b", b"PK\x03\x04", b"\x80\x02.",
)  # fmt: skip


def pick(draws: Generator, values: Any) -> Any:
    """Return one of several values, none of them changed."""
    return values[int(draws.integers(len(values)))]


def damage_text(content: str, draws: Generator) -> bytes:
    """Change a few letters, most of them to others of ASCII: what follows is still text."""
    damaged = bytearray(damage_bytes(content.encode(), draws))
    if draws.random() < 0.8:
        damaged = bytearray(32 + byte % 95 if byte > 126 else byte for byte in damaged)
    return bytes(damaged)


def damage_bytes(content: bytes, draws: Generator) -> bytes:
    """Change a few bytes, numbers or stretches of a file."""
    for _ in range(int(draws.integers(1, 3))):
        content = _damage_once(content, draws)
    return content


def _damage_once(content: bytes, draws: Generator) -> bytes:  # noqa: PLR0911
    # Heads and ends hold what says how long the rest is.
    edge = min(len(content), 200)
    place = pick(
        draws,
        [
            int(draws.integers(len(content) + 1)),
            int(draws.integers(edge + 1)),
            len(content) - int(draws.integers(edge + 1)),
        ],
    )
    length = int(draws.integers(40))
    head, tail = content[:place], content[place:]
    match int(draws.integers(8)):
        case 0:
            return head
        case 1:
            return head + draws.bytes(length) + tail[length:]
        case 2:
            return head + draws.bytes(length) + tail
        case 3:
            return head + tail[length:]
        case 4:
            number = pick(draws, _NUMBERS)
            return head + number + tail[len(number) :]
        case 5:
            return head + pick(draws, _TOKENS) + tail
        case 6:
            return head + bytes([(tail[:1] or b"\0")[0] ^ (1 << int(draws.integers(8)))]) + tail[1:]
        case _:
            start = int(draws.integers(len(content) + 1))
            return head + content[start : start + 8 * length] + tail


def damage_json(content: Any, draws: Generator) -> Any:
    """Set, add or delete up to three values somewhere in nested JSON."""
    content = copy.deepcopy(content)
    for _ in range(int(pick(draws, [1, 1, 2, 3]))):
        place = content
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = pick(draws, keys)
            if isinstance(place[key], dict | list) and place[key] and draws.random() < 0.7:
                place = place[key]
                continue
            _change(place, key, draws)
            break
    return content


def _change(place: Any, key: Any, draws: Generator) -> None:
    value = copy.deepcopy(_value_like(place[key], draws))
    how = draws.random()
    if how < 0.15:
        del place[key]
    elif how < 0.3 and isinstance(place, dict):
        place[str(value)[:200]] = value
    elif how < 0.45 and isinstance(place, list):
        place.append(value)
    elif how < 0.6:
        others = list(place.values()) if isinstance(place, dict) else place
        place[key] = copy.deepcopy(pick(draws, others))
    else:
        place[key] = value


def _value_like(value: Any, draws: Generator) -> Any:
    """Return some value, half of the times of the same type."""
    if draws.random() < 0.5:
        return pick(draws, VALUES)
    if isinstance(value, str):
        return pick(draws, TEXTS)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float) and abs(value) < 1e300:
        return pick(
            draws, [0, 1, 2, value - 1, value + 1, 3 * value, value / 2, -value, 10**8, 1e-9]
        )
    return pick(draws, VALUES)


def damaged_json(content: bytes, draws: Generator) -> bytes:
    """Return a JSON file with other values, or with other bytes."""
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):  # it is damaged already
        return damage_bytes(content, draws)
    if draws.random() < 0.1:
        return damage_text(content.decode(), draws)
    if draws.random() < 0.1 or not isinstance(parsed, dict | list):
        return damage_bytes(content, draws)
    return json.dumps(damage_json(parsed, draws)).encode("utf-8", "surrogatepass")


def damaged_lines(content: bytes, draws: Generator) -> bytes:
    """Return JSON lines of which some are changed, doubled, left out or in another order."""
    lines = content.splitlines()
    for _ in range(int(draws.integers(1, 3))):
        index = int(draws.integers(len(lines)))
        match int(draws.integers(6)):
            case 0:
                lines.insert(index, pick(draws, lines))
            case 1 if len(lines) > 1:
                del lines[index]
            case _:
                lines[index] = damaged_json(lines[index], draws)
    return b"\n".join(lines) + (b"\n" if draws.random() < 0.9 else b"")


def damaged_array(array: np.ndarray[Any, Any], draws: Generator) -> np.ndarray[Any, Any]:
    """Return an array of another type or shape, or with other values."""
    kinds = ["f2", "f4", "f8", ">f4", "c8", "i1", "u8", ">i8", "?", "S3", "U2", "M8[s]", "u1"]
    numbers = [0, 1, 4, 5, 10, -1, 2**31, 0.5, 1.5, 1e300, float("nan"), float("-inf")]
    sides = [0, 1, 2, 3, 9, 10, 12, 258]
    match int(draws.integers(4)):
        case 0:
            shape = [pick(draws, sides) for _ in range(int(draws.integers(5)))]
            return np.zeros(shape, pick(draws, kinds))
        case 1:
            with np.errstate(all="ignore"), suppress(RuntimeError):  # no room for a date's text
                return array.astype(pick(draws, kinds))
            return array
        case 2 if array.size and array.dtype.kind in "biuf":
            values = array.astype(np.float64)
            values.flat[int(draws.integers(values.size))] = pick(draws, numbers)
            with np.errstate(all="ignore"):
                return values if draws.random() < 0.3 else values.astype(array.dtype)
        case _:
            if array.ndim == 0 or draws.random() < 0.5:
                return np.concatenate([np.atleast_1d(array)] * 2)
            return array[..., :0]
