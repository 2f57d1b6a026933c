"""Corrupted sets that lie on disk: published ones, and those of `ln-bench corrupt`.

A set belongs to its clean images: the same pictures in the same order, under each condition. That
is checked when it is opened, so that no number rests on two sets that do not belong together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from robustbench_ln.corrupted_sets.arrays_reader import ArrayFiles, find_arrays
from robustbench_ln.corrupted_sets.folders_reader import PictureFolders, find_folders
from robustbench_ln.corrupted_sets.listing import MANIFEST, read_listing
from robustbench_ln.corrupted_sets.strange_names import (
    describe_own,
    describe_unread,
    strange_names,
)
from robustbench_ln.corruption_names import (
    BENCHMARK_CORRUPTIONS,
    FAMILY_OF,
    SEVERITIES,
)
from robustbench_ln.data.image_set import ImageSet, ImageShape
from robustbench_ln.data.picture_tree import visible_folders
from robustbench_ln.errors import DataError, SpecError, setting
from robustbench_ln.files.paths import expand_home
from robustbench_ln.spec import Condition

__all__ = ["STORED_KINDS", "StoredSet", "open_stored"]

_NAMES = tuple(FAMILY_OF)


class _Kind(NamedTuple):
    """What the word before the colon promises.

    Attributes:
        table: What severities 1-5 mean; None where nobody says.
        formats: Where its images may lie: "arrays" (NAME.npy), "folders" (NAME/SEVERITY/CLASS/).
        names: The corruptions that it can have; () is any.
        folder: What the published archive calls its folder; "" where there is none.
    """

    table: str | None
    formats: tuple[str, ...]
    names: tuple[str, ...]
    folder: str = ""


STORED_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "cifar10-c": _Kind("cifar10-c", ("arrays",), _NAMES, "CIFAR-10-C"),
        "cifar100-c": _Kind("cifar10-c", ("arrays",), _NAMES, "CIFAR-100-C"),
        "imagenet-c": _Kind("imagenet-c", ("folders",), _NAMES, "ImageNet-C"),
        "corrupted": _Kind(None, ("arrays", "folders"), ()),
    }
)
"""Kinds of --data that are corrupted already."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredSet:
    """Images under each condition, as they lie on disk.

    Attributes:
        base: The clean images; where the set has none, those of its first condition.
        has_clean: Whether `base` is clean.
        images: Condition -> its images, in the order of `base`.
        missing: Corruptions of the benchmark that the set does not have, where all were asked for.
        notes: A line on files that are not read, or whose names look misspelt.
    """

    base: ImageSet
    has_clean: bool
    images: Mapping[Condition, ImageSet]
    missing: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> ImageShape:
        """(H, W, C) of every image."""
        return self.base.shape

    def join_conditions(self, asked: Sequence[Condition]) -> tuple[Condition, ...]:
        """Return what was asked of the clean images, if there are any, and the set's own."""
        return (*(asked if self.has_clean else ()), *self.images)


def open_stored(
    source: str,
    clean: ImageSet | None,
    *,
    names: Sequence[str] = (),
    severities: Sequence[float] = SEVERITIES,
    tell: Callable[[str], None] = lambda _: None,
) -> StoredSet:
    """Open the corrupted set that KIND:DIR names.

    Args:
        source: Name of the images as the user wrote it.
        clean: The same images without corruption; None is allowed for corrupted:DIR of arrays.
        names: Corruptions to take; () is all that are there.
        severities: Which of 1-5 to take.
        tell: Told which file is being hashed.

    Raises:
        DataError: A file is missing, damaged or of another size, holds the clean images, or does
            not belong to `clean`; the message names it.
        SpecError: `clean` is missing.
    """
    kind_name, _, place = source.partition(":")
    kind, folder = STORED_KINDS[kind_name], expand_home(place)
    if clean is None and kind_name != "corrupted":
        raise SpecError(
            f"{setting('images', source)} needs its clean images: give "
            f"{setting('clean', 'KIND:PATH')}, as in "
            f"{setting('clean', kind_name.removesuffix('-c') + ':DIR')}"
        )
    found = _find(folder, kind)
    wanted = _choose(names, found, kind)
    made = _made_here(found.folder)
    images: dict[Condition, ImageSet] = {}
    for name in wanted:
        tell(f"digest of {name}")
        digest = found.digest(name)
        for severity, stored in found.open(name, clean, made.severities(name)):
            if severity in severities:
                condition = made.condition(name, severity, kind.table, digest)
                _refuse_clean_images(stored, clean, name, severity)
                images[condition] = stored
    if not images:
        raise DataError(f"{source}: none of the severities {', '.join(map(str, severities))}")
    base = clean if clean is not None else next(iter(images.values()))
    return StoredSet(
        base=base,
        has_clean=clean is not None,
        images=MappingProxyType(images),
        missing=_missing(found.names) if kind.names and _takes_all(names, kind) else (),
        notes=() if made.conditions else _note_strange(found, kind),
    )


_Found = ArrayFiles | PictureFolders


def _find(folder: Path, kind: _Kind) -> _Found:
    """Return the images of a folder, or of the one folder in it that has some."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; expected the folder of a corrupted set")
    here = _look(folder, kind)
    if here is not None:
        return here
    inner = {
        name: found for name in visible_folders(folder) if (found := _look(folder / name, kind))
    }
    if kind.folder in inner or len(inner) == 1:
        return inner.get(kind.folder) or next(iter(inner.values()))
    if inner:
        places = " or ".join(str(folder / name) for name in inner)
        raise DataError(f"{folder}: holds several corrupted sets; give {places}")
    formats = {"arrays": "NAME.npy and labels.npy", "folders": "NAME/SEVERITY/CLASS/PICTURE"}
    expected = " or ".join(formats[name] for name in kind.formats)
    strange = describe_unread(folder, strange_names(folder, kind.formats))
    raise DataError(
        f"{folder}: no corrupted images; expected {expected}, as in fog"
        + (f". {strange}" if strange else "")
    )


def _look(folder: Path, kind: _Kind) -> _Found | None:
    if "arrays" in kind.formats and (arrays := find_arrays(folder, kind.names)) is not None:
        return arrays
    return find_folders(folder, kind.names) if "folders" in kind.formats else None


def _note_strange(found: _Found, kind: _Kind) -> tuple[str, ...]:
    describe = describe_unread if kind.names else describe_own
    said = describe(found.folder, strange_names(found.folder, kind.formats))
    return (said,) if said else ()


def _takes_all(names: Sequence[str], kind: _Kind) -> bool:
    return not names or list(names) == [kind.table]


def _missing(found: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in BENCHMARK_CORRUPTIONS if name not in found)


def _choose(names: Sequence[str], found: _Found, kind: _Kind) -> tuple[str, ...]:
    """Return the corruptions to read, the benchmark's in its order."""
    order = {name: rank for rank, name in enumerate(_NAMES)}
    there = sorted(found.names, key=lambda name: (order.get(name, len(order)), name))
    if _takes_all(names, kind):
        return tuple(there)
    if absent := [name for name in names if name not in there]:
        strange = describe_unread(found.folder, strange_names(found.folder, kind.formats))
        raise DataError(
            f"{found.folder} has no '{absent[0]}'; it has {', '.join(there)}"
            + (f". {strange}" if strange and kind.names else "")
        )
    return tuple(name for name in there if name in names)


class _Made(NamedTuple):
    """What the manifest of `ln-bench corrupt` says; nothing for a set of others."""

    conditions: Mapping[tuple[str, int], Condition]

    def severities(self, name: str) -> tuple[int, ...] | None:
        """Return the severities of a corruption, None where there is no manifest."""
        return tuple(s for n, s in self.conditions if n == name) or None

    def condition(self, name: str, severity: int, table: str | None, digest: str) -> Condition:
        """Return the condition that a row will say: generated here, or official."""
        made = self.conditions.get((name, severity))
        return Condition(
            corruption=name,
            severity=float(severity),
            severity_table=made.severity_table if made else table,
            frost=made.frost if made else None,
            origin="generated" if made else "official",
            corrupted_sha256=digest,
        )


def _made_here(folder: Path) -> _Made:
    if not (folder / MANIFEST).is_file():
        return _Made({})
    listing = read_listing(folder).description
    stored = [Condition(**fields) for fields in listing["spec"]["conditions"]]
    if not listing["complete"]:
        raise DataError(f"{folder}: unfinished; run the same ln-bench corrupt again")
    ordered = sorted(stored, key=lambda condition: condition.severity)
    return _Made({(c.corruption, int(c.severity)): c for c in ordered if not c.has_sigma})


def _refuse_clean_images(
    stored: ImageSet, clean: ImageSet | None, name: str, severity: int
) -> None:
    """Look at images from the whole set: one that differs is enough."""
    if clean is None:
        return
    sample = np.unique(np.linspace(0, len(clean) - 1, 64).astype(np.int64))
    if np.array_equal(stored.read(sample), clean.read(sample)):
        raise DataError(
            f"{stored.image_id(0)}: {name} at severity {severity} holds the clean images; "
            "fetch the set again"
        )
