"""What manifest and journal of a set say, read field by field: a set may come from a stranger."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from robustbench_ln.errors import RecordError
from robustbench_ln.files.appended_files import read_whole_lines
from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.files.rules import Flag, Part, Real, Several, Text, Texts, Whole
from robustbench_ln.files.schema import check_fields, parse_fields, parse_json, shown

__all__ = ["JOURNAL", "MANIFEST", "Entry", "Listing", "read_listing"]

MANIFEST, JOURNAL = "manifest.json", "journal.jsonl"

_SCHEMA = 1
_DIGEST = Text(pattern="[0-9a-f]{64}", like="a SHA-256 digest: 64 hexadecimal digits")
_SIZE = Whole(most=10**15, unit="bytes")
_ROW = Whole(most=10**12)
_PATH = Text(
    pattern=r"(?!\.{1,2}(/|\Z))[^/\\\0]+(/(?!\.{1,2}(/|\Z))[^/\\\0]+)*",
    like="a path below the folder, with forward slashes and without '..'",
)
_NAME = Text(longest=100)


class Entry(NamedTuple):
    """One file of the set: path below the folder with forward slashes, bytes, SHA-256."""

    path: str
    size: int
    sha256: str


class Listing(NamedTuple):
    """What manifest and journal say.

    Attributes:
        description: The manifest without its files.
        entries: Files that stand, by path.
        blocks: (path of an unfinished array, first row) of each block that was written.
    """

    description: dict[str, Any]
    entries: dict[str, Entry]
    blocks: set[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Condition:
    """Fields of a condition that is made here."""

    corruption: Annotated[str, _NAME]
    severity: Annotated[float, Real(least=0)]
    convention: Annotated[str | None, _NAME]
    range: Annotated[str | None, _NAME]
    severity_table: Annotated[str | None, _NAME]
    frost: Annotated[str | None, _NAME]

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spec:
    """Fields of what was asked for."""

    conditions: Annotated[tuple[_Condition, ...], Several(of=Part(of=_Condition), least=1)]
    format: Annotated[str, _NAME]
    uses_jpeg: Annotated[bool, Flag()]
    seed: Annotated[int, Whole(most=2**128)]
    limit: Annotated[int | None, Whole(least=1)]

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Description:
    """Fields of a manifest, besides its files."""

    schema: Annotated[int, Whole(least=_SCHEMA, most=_SCHEMA)]
    source: Annotated[str, Text(longest=10_000)]
    source_sha256: Annotated[str, _DIGEST]
    source_images: Annotated[tuple[int, ...], Several(of=Whole(), least=4, most=4)]
    frost_sha256: Annotated[str | None, _DIGEST]
    spec: _Spec
    versions: Annotated[dict[str, str], Texts()]
    complete: Annotated[bool, Flag()]

    def __post_init__(self) -> None:
        check_fields(self)


def read_listing(folder: Path) -> Listing:
    """Read manifest and journal.

    Raises:
        RecordError: No manifest, or one that is not ours; the message names file and field.
    """
    path, has_journal = folder / MANIFEST, (folder / JOURNAL).is_file()
    try:
        content = parse_json(read_regular(path), str(path))
        journal = list(read_whole_lines(folder / JOURNAL)) if has_journal else []
    except FileNotFoundError as error:
        raise RecordError(f"{folder}: no {MANIFEST}; expected a set of ln-bench corrupt") from error
    except OSError as error:
        raise RecordError(f"{error.filename}: cannot be read ({error.strerror})") from error
    files = content.pop("files", None) if isinstance(content, dict) else None
    parse_fields(_Description, content, str(path), _SCHEMA)
    assert isinstance(content, dict)
    if not isinstance(files, dict):
        raise RecordError(f"{path}: 'files' is {shown(files)}; expected an object of paths")
    listing = Listing(content, {}, set())
    where = f"{path}, 'files'"
    for name, value in files.items():
        fields = value if isinstance(value, dict) else {}
        listing.entries[name] = _entry([name, fields.get("bytes"), fields.get("sha256")], where)
    _read_journal(journal, str(folder / JOURNAL), listing)
    return listing


def _read_journal(lines: list[bytes], path: str, listing: Listing) -> None:
    """Add what was noted after the manifest."""
    for number, text in enumerate(lines, start=1):
        where = f"{path}, line {number}"
        match parse_json(text, where):
            case {"file": list(fields)}:
                entry = _entry(fields, where)
                listing.entries[entry.path] = entry
            case {"block": [str(name), row]} if _PATH.accepts(name) and _ROW.accepts(row):
                listing.blocks.add((name, row))
            case {"restart": str(name)} if _PATH.accepts(name):
                again = {block for block in listing.blocks if block[0] == name}
                listing.blocks.difference_update(again)
            case line:
                raise RecordError(
                    f"{where}: {shown(line)}; expected 'file' with path, bytes and SHA-256, "
                    "'block' with path and row, or 'restart' with a path"
                )


def _entry(fields: list[Any], where: str) -> Entry:
    rules = {"path": _PATH, "bytes": _SIZE, "sha256": _DIGEST}
    if len(fields) != len(rules):
        raise RecordError(f"{where}: {shown(fields)}; expected path, bytes and SHA-256")
    for (name, rule), value in zip(rules.items(), fields, strict=True):
        if not rule.accepts(value):
            raise RecordError(
                f"{where}, {shown(fields[0])}: '{name}' is {shown(value)}; expected {rule.words}"
            )
    return Entry(*fields)
