"""The folder of a generated set: held by one process, never mixed with anything else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from robustbench_ln.corrupted_sets.arrays_writer import LABELS
from robustbench_ln.corrupted_sets.folders_writer import CLASS_MAP
from robustbench_ln.corrupted_sets.listing import JOURNAL, MANIFEST, read_listing
from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.errors import RecordError, setting
from robustbench_ln.files.output_folders import lock_folder, refuse_links, refuse_other_folders
from robustbench_ln.files.write_errors import explain_write_errors

__all__ = ["check_free_space", "hold_folder"]

_LOCK = ".lock"
_KNOWN = frozenset({*CORRUPTIONS, *(name for name, _ in NOISES)})
_FILES = frozenset({_LOCK, MANIFEST, JOURNAL, LABELS, CLASS_MAP})


@contextmanager
def hold_folder(folder: Path, *, overwrite: bool) -> Iterator[None]:
    """Make the folder of a set, or take the one that is there, and keep others out of it.

    Args:
        folder: New, empty, or of a set.
        overwrite: Take away the set that is there, by its manifest. Other files stay.

    Raises:
        RecordError: It holds something else, another process holds it, or it cannot be written.
    """
    refuse_other_folders(folder, (_LOCK, MANIFEST), of=MANIFEST, marker=MANIFEST)
    refuse_links(folder, _members(folder))
    lock = lock_folder(folder, _LOCK)
    try:
        if overwrite and (folder / MANIFEST).is_file():
            _clear(folder)
        yield
    finally:
        lock.release()


def _members(folder: Path) -> list[str]:
    """Return the names in a folder that are of a set, whatever its format."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    starts = tuple(f"{name}{sign}" for name in _KNOWN for sign in "._")
    return [
        name
        for name in names
        if name.removesuffix(".part") in _FILES | _KNOWN or name.startswith(starts)
    ]


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
