"""The formats npy and npz: which rows of which array each unit fills."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.corrupted_sets.listing import Entry
from robustbench_ln.corrupted_sets.manifest import Manifest
from robustbench_ln.corrupted_sets.npy import ArrayFile, write_array
from robustbench_ln.corrupted_sets.npz import ArchiveFile
from robustbench_ln.corrupted_sets.set_format import Unit
from robustbench_ln.corrupted_sets.spec import GenerationSpec, keeps_floats
from robustbench_ln.data.image_set import ImageSet, Labels
from robustbench_ln.spec import Condition

__all__ = ["LABELS", "ArrayFormat"]

LABELS = "labels.npy"


class ArrayFormat:
    """npy: one array a corruption, its severities one after another. npz: one a condition.

    Args:
        folder: Folder of the set.
        spec: Format npy or npz.
        images: The source.
        num_images: N, how many of them.
    """

    def __init__(
        self, folder: Path, spec: GenerationSpec, images: ImageSet, num_images: int
    ) -> None:
        self._folder = folder
        self._labels = _smallest_labels(images.labels[:num_images])
        self._is_npz = spec.format == "npz"
        self._places: dict[Condition, tuple[ArrayFile, int]] = {}
        for name, members in _group(spec).items():
            shape = (len(members) * num_images, *images.shape)
            file = self._file(name, shape, np.float32 if keeps_floats(members[0]) else np.uint8)
            for position, condition in enumerate(members):
                self._places[condition] = file, position * num_images

    def pending(self, units: Sequence[Unit], manifest: Manifest) -> list[Unit]:
        """Return the units of files that are not finished; start the files that are not begun."""
        self._missing: dict[str, int] = {}
        left = []
        for file in dict.fromkeys(file for file, _ in self._places.values()):
            own = [unit for unit in units if self._places[unit.condition][0] is file]
            if not manifest.has_whole(file.name):
                left += self._resume(file, own, manifest)
        if not self._is_npz and not manifest.has_whole(LABELS):
            repeats = len(self._places) // len({file.name for file, _ in self._places.values()})
            labels = np.tile(self._labels, repeats)
            manifest.add_files([write_array(self._folder, LABELS, labels)])
        return left

    def num_bytes(self, unit: Unit) -> int:
        """Return the bytes of a unit's values."""
        file, _ = self._places[unit.condition]
        return (unit.stop - unit.start) * (file.size // file.shape[0])

    def write(self, unit: Unit, images: NDArray[Any]) -> list[Entry]:
        """Write the rows of a unit; no file stands by that alone."""
        file, first = self._places[unit.condition]
        file.write(first + unit.start, images)
        return []

    def settle(self, unit: Unit, entries: Sequence[Entry], manifest: Manifest) -> None:
        """Note the rows, and finish the file if they were the last."""
        assert not entries
        file, first = self._places[unit.condition]
        manifest.add_block(file.name, first + unit.start)
        self._missing[file.name] -= 1
        if self._missing[file.name] == 0:
            manifest.add_files([file.finish()])

    def _resume(self, file: ArrayFile, own: list[Unit], manifest: Manifest) -> list[Unit]:
        if not file.is_started():
            manifest.drop_blocks(file.name)
            file.start()
        left = [
            unit
            for unit in own
            if (file.name, self._places[unit.condition][1] + unit.start) not in manifest.blocks
        ]
        self._missing[file.name] = len(left)
        if not left:  # stopped between the last block and the renaming
            manifest.add_files([file.finish()])
        return left

    def _file(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> ArrayFile:
        if self._is_npz:
            return ArchiveFile(
                folder=self._folder, name=name, shape=shape, dtype=dtype, labels=self._labels
            )
        return ArrayFile(folder=self._folder, name=name, shape=shape, dtype=dtype)


def _group(spec: GenerationSpec) -> dict[str, list[Condition]]:
    """Return file name -> the conditions that it holds, lowest severity first."""
    groups: dict[str, list[Condition]] = {}
    for condition in sorted(spec.conditions, key=lambda c: c.severity):
        is_npy = spec.format == "npy"
        stem = condition.corruption if is_npy else f"{condition.corruption}_{condition.severity:g}"
        groups.setdefault(f"{stem}.{spec.format}", []).append(condition)
    return groups


def _smallest_labels(labels: Labels) -> NDArray[Any]:
    """Return labels as they are published: uint8 where the classes fit."""
    return labels.astype(np.min_scalar_type(int(labels.max())))
