"""The folder of a generated set: held by one process, never mixed with anything else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from robustbench_ln.corrupted_sets.arrays_writer import LABELS
from robustbench_ln.corrupted_sets.folders_writer import CLASS_MAP
from robustbench_ln.corrupted_sets.listing import JOURNAL, MANIFEST, read_listing
from robustbench_ln.corrupted_sets.manifest import Manifest, encode_listing, resume_listing
from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.errors import RecordError, setting
from robustbench_ln.files.resumable_folders import FolderKind, ResumableFolder
from robustbench_ln.files.write_errors import explain_write_errors

__all__ = ["check_free_space", "open_set"]

_LOCK = ".lock"
_KNOWN = frozenset({*CORRUPTIONS, *(name for name, _ in NOISES)})
_FILES = frozenset({_LOCK, MANIFEST, JOURNAL, LABELS, CLASS_MAP})


def _is_written(name: str) -> bool:
    """Return whether a set may have such a name in its folder, whatever its format."""
    own = name.removesuffix(".part") in _FILES | _KNOWN
    return own or name.startswith(tuple(f"{known}{sign}" for known in _KNOWN for sign in "._"))


_KIND = FolderKind(
    of=MANIFEST,
    file=MANIFEST,
    names=frozenset({_LOCK, MANIFEST}),
    lock=_LOCK,
    logs=(JOURNAL,),
    is_written=_is_written,
    read=read_listing,
    encode=encode_listing,
    resume=resume_listing,
)


@contextmanager
def open_set(
    path: Path, describe: Callable[[], Mapping[str, Any]], *, overwrite: bool
) -> Iterator[Manifest]:
    """Make the folder of a set, or take the one that is there, and keep others out of it.

    Args:
        path: New, empty, or of a set.
        describe: Returns what decides the bytes, which may take long; called when the folder is
            held.
        overwrite: Take away the set that is there, by its manifest. Other files stay.

    Raises:
        RecordError: It holds something else or another set, another process holds it, or it cannot
            be written.
    """
    with ResumableFolder(path, _KIND) as folder, explain_write_errors(path):
        if overwrite and folder.is_described:
            _clear(path)
        yield Manifest(folder, describe())


def check_free_space(folder: Path, num_bytes: int) -> None:
    """Demand that what is left to write fits on the disk.

    Raises:
        RecordError: It does not.
    """
    free = shutil.disk_usage(folder).free
    if num_bytes > free:
        raise RecordError(
            f"{folder}: about {num_bytes / 1e9:.2f} GB are to be written, {free / 1e9:.2f} GB "
            f"are free; free some space, or ask for less ({setting('limit')}, "
            f"{setting('severities')})"
        )


def _clear(folder: Path) -> None:
    """Delete what a set consists of, finished or not, and nothing else. The manifest goes last."""
    conditions = read_listing(folder).description["spec"]["conditions"]
    places = [(c["corruption"], f"{c['severity']:g}") for c in conditions]
    names = {LABELS, CLASS_MAP}
    with explain_write_errors(folder):
        for corruption, severity in places:
            if corruption in _KNOWN:
                names |= {f"{corruption}.npy", f"{corruption}_{severity}.npz"}
                tree = folder / corruption / severity
                if tree.is_dir():
                    shutil.rmtree(tree)
                    if not any(tree.parent.iterdir()):
                        tree.parent.rmdir()
        for name in names:
            for suffix in ("", ".part", ".images.part"):
                (folder / f"{name}{suffix}").unlink(missing_ok=True)
        (folder / JOURNAL).unlink(missing_ok=True)
        (folder / MANIFEST).unlink()
