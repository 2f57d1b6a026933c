"""Names in the folder of a corrupted set that are no published corruption: misspelt, or others."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from robustbench_ln.corrupted_sets.arrays_writer import LABELS
from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS, SEVERITIES
from robustbench_ln.data.picture_tree import visible_folders
from robustbench_ln.lookup import find_near

__all__ = ["describe_own", "describe_unread", "strange_names"]

_PUBLISHED = (*BENCHMARK_CORRUPTIONS, *EXTRA_CORRUPTIONS)

_ALMOST = 0.85
"""Likeness of a name to a published one, from which on it is a slip and no name of its own."""

_SHOWN = 10


def strange_names(folder: Path, formats: Collection[str]) -> tuple[str, ...]:
    """Return the arrays, and the folders of severities, whose names are no corruption's."""
    names = []
    if "arrays" in formats:
        names += [path.stem for path in folder.glob("*.npy") if path.name != LABELS]
    if "folders" in formats:
        names += [name for name in visible_folders(folder) if _has_severities(folder / name)]
    return tuple(sorted(name for name in names if name not in _PUBLISHED))


def describe_unread(folder: Path, names: Collection[str]) -> str:
    """Return what to say of names that a published set does not have; "" of none."""
    if not names:
        return ""
    shown = [_with_guess(name, 0.6) for name in list(names)[:_SHOWN]]
    more = ", ..." if len(names) > _SHOWN else ""
    return (
        f"{folder}: not read, since no published corruption has such a name: "
        f"{', '.join(shown)}{more}"
    )


def describe_own(folder: Path, names: Collection[str]) -> str:
    """Return what to say of names that are almost those of published corruptions; "" of none."""
    almost = [name for name in names if find_near(name, _PUBLISHED, cutoff=_ALMOST)]
    if not almost:
        return ""
    shown = ", ".join(_with_guess(name, _ALMOST) for name in almost[:_SHOWN])
    return f"{folder}: counted as corruptions of their own, but almost published names: {shown}"


def _has_severities(folder: Path) -> bool:
    return any((folder / str(level)).is_dir() for level in SEVERITIES)


def _with_guess(name: str, cutoff: float) -> str:
    near = find_near(name, _PUBLISHED, cutoff=cutoff) or next(
        (known for known in _PUBLISHED if known.startswith(f"{name.lower()}_")), None
    )
    return f"'{name}' ('{near}'?)" if near else f"'{name}'"
