"""Arrays on disk that are filled block by block: the format of CIFAR-10-C."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from robustbench_ln.corrupted_sets.listing import Entry
from robustbench_ln.corrupted_sets.manifest import write_entry
from robustbench_ln.files.digests import file_sha256
from robustbench_ln.files.regular_files import create_regular, open_to_change

__all__ = ["ArrayFile", "write_array"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayFile:
    """A .npy file on its way: `part` until every row is written, through as many stops as it takes.

    Attributes:
        folder: Folder of the set.
        name: Name of the finished file.
        shape: [rows, H, W, C].
        dtype: uint8 or float32.
    """

    folder: Path
    name: str
    shape: tuple[int, ...]
    dtype: DTypeLike

    @property
    def part(self) -> Path:
        """The unfinished file."""
        return self.folder / f"{self.name}.part"

    @property
    def size(self) -> int:
        """Bytes of the values."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize

    def is_started(self) -> bool:
        """Return whether the unfinished file is there, as large as the finished one will be."""
        whole = len(self._header()) + self.size
        return self.part.is_file() and self.part.stat().st_size == whole

    def start(self) -> None:
        """Make the file at its full size; the blocks may come in any order."""
        header = self._header()
        with create_regular(self.part) as file:
            file.write(header)
            file.truncate(len(header) + self.size)

    def write(self, row: int, rows: NDArray[Any]) -> None:
        """Write the rows from `row` on and sync them."""
        assert (rows.dtype, rows.shape[1:]) == (self.dtype, self.shape[1:])
        offset = len(self._header()) + row * (self.size // self.shape[0])
        with open_to_change(self.part) as file:
            file.seek(offset)
            file.write(np.ascontiguousarray(rows).data)
            file.flush()
            os.fsync(file.fileno())

    def finish(self) -> Entry:
        """Rename the file into place."""
        entry = Entry(self.name, self.part.stat().st_size, file_sha256(self.part))
        self.part.replace(self.folder / self.name)
        return entry

    def _header(self) -> bytes:
        header = io.BytesIO()
        description = {
            "descr": np.lib.format.dtype_to_descr(np.dtype(self.dtype)),
            "fortran_order": False,
            "shape": self.shape,
        }
        np.lib.format.write_array_header_1_0(header, description)
        return header.getvalue()


def write_array(folder: Path, name: str, values: NDArray[Any]) -> Entry:
    """Write a small array at once."""
    content = io.BytesIO()
    np.lib.format.write_array(content, values, version=(1, 0))
    return write_entry(folder, name, content.getvalue())
