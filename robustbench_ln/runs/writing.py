"""A run on disk: what was asked in run.json, what was measured in cells.jsonl, and nothing lost.

A line is appended and synced after its predictions were written and renamed, so that a run that is
killed at any moment holds only whole cells; the same command goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from robustbench_ln.files.appended_files import append_whole
from robustbench_ln.files.described_files import encode_described
from robustbench_ln.files.regular_files import open_to_change
from robustbench_ln.files.resumable_folders import FolderKind, ResumableFolder
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.files.write_errors import explain_write_errors
from robustbench_ln.runs.cells import CellKey
from robustbench_ln.runs.check_results import CheckResult
from robustbench_ln.runs.description import (
    FILE_NAME,
    RunDescription,
    read_description,
    resume_description,
)
from robustbench_ln.runs.predictions import Predictions, encode_predictions
from robustbench_ln.runs.records import Record, read_records
from robustbench_ln.runs.seen_images import SeenImages

__all__ = ["RunDirectory"]

_CELLS = "cells.jsonl"
_KIND = FolderKind(
    of="run",
    file=FILE_NAME,
    names=frozenset({FILE_NAME, "lock", _CELLS, "predictions", "report"}),
    logs=(_CELLS,),
    read=read_description,
    encode=encode_described,
    resume=resume_description,
)


class RunDirectory(ResumableFolder[RunDescription]):
    """An open run directory, held by this process alone until it is closed.

    Attributes:
        path: Path of the directory.
        records: Rows, in the order they were measured.
        cells: Keys of the rows.
        gains_code: Whether the run was begun without the digest of the network's code, which it
            has now: nobody can tell whether its rows are of the same code.

    Args:
        path: Made if it does not exist.
        description: Content of run.json; that of an earlier run keeps its commands.

    Raises:
        RecordError: The folder holds something else or another run, another process holds it, or
            it cannot be written.
    """

    def __init__(self, path: Path, description: RunDescription) -> None:
        super().__init__(path, _KIND)
        with self.opening():
            earlier = read_description(path) if self.is_described else description
            self._description = self.begin(description)
            with explain_write_errors(path):
                open_to_change(path / _CELLS, create=True).close()
            self.records: list[Record] = read_records(path)
            self.cells: set[CellKey] = {record.cell for record in self.records}
        codes = earlier.checkpoint.code_sha256, description.checkpoint.code_sha256
        self.gains_code = codes[0] is None and codes[1] is not None

    @property
    def has_results(self) -> bool:
        """Whether it has a row."""
        return bool(self.records)

    def append(self, records: Sequence[Record]) -> None:
        """Append rows, all or none, and sync them."""
        append_whole(self.path / _CELLS, "".join(record.to_line() for record in records).encode())
        self.records += records
        self.cells.update(record.cell for record in records)

    def write_checks(self, checks: tuple[CheckResult, ...]) -> None:
        """Keep in run.json what the checks of this start say, in the place of earlier ones."""
        self._description = replace(self._description, checks=checks)
        self.describe(self._description)

    def note_device_batch(self, layout: str, rows: int) -> None:
        """Keep in run.json that fewer images than planned went through the network at once."""
        batches = self._description.device_batches | {layout: rows}
        if batches != self._description.device_batches:
            self._description = replace(self._description, device_batches=batches)
            self.describe(self._description)

    def write_predictions(self, name: str, predictions: Predictions, seen: SeenImages) -> None:
        """Write predictions/NAME, with the images that they are of."""
        folder = self.path / "predictions"
        with explain_write_errors(folder):
            folder.mkdir(exist_ok=True)
        write_whole(folder / name, encode_predictions(predictions, seen))
