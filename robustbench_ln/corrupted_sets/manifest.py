"""What a folder of generated images holds: manifest.json, and a journal while it is made.

A file is renamed into place, then its line is appended to the journal, so that a set that is
killed at any moment lists only whole files; the same command goes on from there. When all files
stand, the manifest takes their lines over and the journal goes away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from robustbench_ln.corrupted_sets.listing import JOURNAL, Entry, Listing
from robustbench_ln.errors import RecordError, setting
from robustbench_ln.files.appended_files import append_whole
from robustbench_ln.files.digests import file_sha256
from robustbench_ln.files.resumable_folders import ResumableFolder, find_changes
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.files.write_errors import explain_write_errors

__all__ = ["Manifest", "encode_listing", "find_damage", "resume_listing", "write_entry"]

_NO_IDENTITY = ("source", "complete", "spec")


class Manifest:
    """The list of a set that is being made.

    Args:
        folder: The set's folder, held by this process.
        description: What decides the bytes: spec, source, versions. See `generate`.

    Raises:
        RecordError: The folder holds a set with another description, or cannot be written.
    """

    def __init__(self, folder: ResumableFolder[Listing], description: Mapping[str, Any]) -> None:
        self._folder = folder
        self._description = dict(description)
        asked = Listing(self._description | {"complete": False}, {}, set())
        _, self.entries, self.blocks = folder.begin(asked)

    def has_whole(self, path: str) -> bool:
        """Return whether a file is listed and there, in its size."""
        entry = self.entries.get(path)
        place = self._folder.path / path
        return entry is not None and place.is_file() and place.stat().st_size == entry.size

    def add_files(self, entries: Iterable[Entry]) -> None:
        """List files that stand."""
        new = {entry.path: entry for entry in entries}
        self.entries |= new
        self._append([{"file": list(entry)} for entry in new.values()])

    def add_block(self, path: str, row: int) -> None:
        """Note that the rows from `row` on are in the unfinished array `path`."""
        self.blocks.add((path, row))
        self._append([{"block": [path, row]}])

    def drop_blocks(self, path: str) -> None:
        """Forget the blocks of an array which begins anew."""
        self.blocks = {block for block in self.blocks if block[0] != path}
        self._append([{"restart": path}])

    def complete(self) -> None:
        """Take the journal over into the manifest."""
        whole = self._description | {"complete": bool(self.entries)}
        with explain_write_errors(self._folder.path):
            self._folder.describe(Listing(whole, self.entries, set()))
            (self._folder.path / JOURNAL).unlink(missing_ok=True)

    def _append(self, lines: list[dict[str, Any]]) -> None:
        content = "".join(json.dumps(line) + "\n" for line in lines)
        append_whole(self._folder.path / JOURNAL, content.encode())


def encode_listing(listing: Listing) -> bytes:
    """Return the content of a manifest; what the journal adds is not in it."""
    files = {
        e.path: {"bytes": e.size, "sha256": e.sha256} for e in sorted(listing.entries.values())
    }
    return (json.dumps(listing.description | {"files": files}, indent=1) + "\n").encode()


def resume_listing(folder: Path, earlier: Listing, asked: Listing) -> Listing:
    """Return what stands already of the set that is asked for.

    Raises:
        RecordError: `earlier` is of another set.
    """
    changes = find_changes(_identity(earlier), json.loads(json.dumps(_identity(asked))))
    if changes:
        names = " and ".join(change.name for change in changes)
        raise RecordError(
            f"{folder} holds a set that differs in {names} from what is asked for; give "
            f"{setting('out')} a new folder, or {setting('overwrite', True)}"
        )
    return earlier


def _identity(listing: Listing) -> dict[str, Any]:
    """Return all but what the source is called, and how far the set is."""
    plain = listing.description | listing.description.get("spec", {})
    return {name: value for name, value in plain.items() if name not in _NO_IDENTITY}


def write_entry(folder: Path, path: str, content: bytes, *, is_synced: bool = True) -> Entry:
    """Write a file of a set at once; see `open_whole`."""
    write_whole(folder / path, content, is_synced=is_synced)
    return Entry(path, len(content), hashlib.sha256(content).hexdigest())


def find_damage(folder: Path, entries: Iterable[Entry]) -> list[str]:
    """Read every listed file again, and say what is wrong with each that is not as listed."""
    damage = []
    for entry in entries:
        path = folder / entry.path
        if not path.is_file():
            damage.append(f"{entry.path}: missing")
        elif path.stat().st_size != entry.size:
            damage.append(f"{entry.path}: {path.stat().st_size} bytes, expected {entry.size}")
        elif file_sha256(path) != entry.sha256:
            damage.append(f"{entry.path}: other content than was written (SHA-256)")
    return damage
