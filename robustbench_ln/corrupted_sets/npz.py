"""An archive of `images` and `labels` for each condition, as `arrays:FILE.npz` reads it."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.corrupted_sets.listing import Entry
from robustbench_ln.corrupted_sets.npy import ArrayFile
from robustbench_ln.files.digests import file_sha256
from robustbench_ln.files.regular_files import open_regular
from robustbench_ln.files.whole_files import open_whole

__all__ = ["ArchiveFile"]

_COPIED_BYTES = 2**20
_NO_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class ArchiveFile(ArrayFile):
    """An .npz file on its way. Its images are a plain array until every row is written.

    Attributes:
        labels: [rows].
    """

    labels: NDArray[Any]

    @property
    def part(self) -> Path:
        """The unfinished images."""
        return self.folder / f"{self.name}.images.part"

    def finish(self) -> Entry:
        """Put images and labels into an archive, without a clock in it."""
        path = self.folder / self.name
        with open_whole(path) as archive, zipfile.ZipFile(archive, "w") as file:
            images = zipfile.ZipInfo("images.npy", _NO_TIME)
            with (
                file.open(images, "w", force_zip64=True) as target,
                open_regular(self.part) as source,
            ):
                while block := source.read(_COPIED_BYTES):
                    target.write(block)
            labels = zipfile.ZipInfo("labels.npy", _NO_TIME)
            with file.open(labels, "w") as target:
                np.lib.format.write_array(target, self.labels, version=(1, 0))
        entry = Entry(self.name, path.stat().st_size, file_sha256(path))
        self.part.unlink()
        return entry
