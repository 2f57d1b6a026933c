"""A run on disk: what was asked in run.json, what was measured in cells.jsonl, and nothing lost.

A line is appended and synced after its predictions were written and renamed, so that a run that is
killed at any moment holds only whole cells; the same command goes on from there.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from robustbench_ln.errors import LnBenchError
from robustbench_ln.files.appended_files import append_whole, drop_torn_line
from robustbench_ln.files.output_folders import lock_folder, refuse_other_folders
from robustbench_ln.files.regular_files import open_to_change
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.files.write_errors import explain_write_errors
from robustbench_ln.runs.cells import CellKey
from robustbench_ln.runs.check_results import CheckResult
from robustbench_ln.runs.description import (
    RunDescription,
    read_description,
    write_description,
)
from robustbench_ln.runs.predictions import Predictions, encode_predictions
from robustbench_ln.runs.records import Record, read_records

__all__ = ["RunDirectory"]

_FILES = frozenset({"run.json", "lock", "cells.jsonl", "predictions", "report"})


class RunDirectory:
    """An open run directory, held by this process alone until it is closed.

    Attributes:
        path: Path of the directory.
        records: Rows, in the order they were measured.
        cells: Keys of the rows.

    Args:
        path: Made if it does not exist.
        description: Content of run.json; that of an earlier run keeps its commands.

    Raises:
        RecordError: The folder holds something else or another run, another process holds it, or
            it cannot be written.
    """

    def __init__(self, path: Path, description: RunDescription) -> None:
        self.path = path
        self.records: list[Record]
        self.cells: set[CellKey]
        self._cells = path / "cells.jsonl"
        self._is_new = not path.exists()
        refuse_other_folders(path, _FILES, of="run", marker="run.json")
        self._lock = lock_folder(path)
        try:
            with explain_write_errors(path):
                self._describe(description)
                drop_torn_line(self._cells)
            self.records = read_records(path)
            self.cells = {record.cell for record in self.records}
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> RunDirectory:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let other processes have the folder; wrong input that gave no cell leaves none."""
        self._lock.release()
        if isinstance(error, LnBenchError) and self._is_new and not self.records:
            shutil.rmtree(self.path, ignore_errors=True)

    def append(self, records: Sequence[Record]) -> None:
        """Append rows, all or none, and sync them."""
        append_whole(self._cells, "".join(record.to_line() for record in records).encode())
        self.records += records
        self.cells.update(record.cell for record in records)

    def write_checks(self, checks: tuple[CheckResult, ...]) -> None:
        """Keep in run.json what the checks of this start say, in the place of earlier ones."""
        with explain_write_errors(self.path):
            write_description(self.path, replace(read_description(self.path), checks=checks))

    def note_device_batch(self, layout: str, rows: int) -> None:
        """Keep in run.json that fewer images than planned went through the network at once."""
        with explain_write_errors(self.path):
            about = read_description(self.path)
            batches = about.device_batches | {layout: rows}
            if batches != about.device_batches:
                write_description(self.path, replace(about, device_batches=batches))

    def write_predictions(self, name: str, predictions: Predictions) -> None:
        """Write predictions/NAME."""
        folder = self.path / "predictions"
        with explain_write_errors(folder):
            folder.mkdir(exist_ok=True)
        write_whole(folder / name, encode_predictions(predictions))

    def _describe(self, description: RunDescription) -> None:
        if (self.path / "run.json").is_file():
            description = description.continue_from(read_description(self.path), self.path)
        write_description(self.path, description)
        open_to_change(self._cells, create=True).close()
