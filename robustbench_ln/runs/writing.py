"""A run on disk: what was asked in run.json, what was measured in cells.jsonl, and nothing lost.

A line is appended and synced after its predictions were written and renamed, so that a run that is
killed at any moment holds only whole cells; the same command goes on from there.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from robustbench_ln.errors import LnBenchError, RecordError
from robustbench_ln.files.output_folders import lock_folder, refuse_other_folders
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.files.write_errors import explain_write_errors
from robustbench_ln.runs.predictions import Predictions, encode_predictions
from robustbench_ln.runs.records import Record, read_records

__all__ = ["RunDirectory"]

_FILES = frozenset({"run.json", "lock", "cells.jsonl", "predictions", "report"})
_IDENTITY = ("checkpoint", "data", "normalize", "seed", "order", "limit", "device", "dtype")
"""Fields of run.json that may not change within one run directory."""


class RunDirectory:
    """An open run directory, held by this process alone until it is closed.

    Args:
        path: Made if it does not exist.
        description: What run.json says; see `evaluate`.

    Raises:
        RecordError: The folder holds something else or another run, another process holds it, or
            it cannot be written.
    """

    def __init__(self, path: Path, description: dict[str, Any]) -> None:
        self.path = path
        self._cells = path / "cells.jsonl"
        self._is_new = not path.exists()
        refuse_other_folders(path, _FILES, of="run", marker="run.json")
        self._lock = lock_folder(path)
        try:
            with explain_write_errors(path):
                self._check_identity(description)
                self._drop_torn_line()
            self.records = read_records(path)
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
        with explain_write_errors(self.path), self._cells.open("ab") as file:
            size = file.tell()
            try:
                file.write("".join(record.to_line() for record in records).encode())
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.truncate(self._cells, size)
                raise
        self.records += records

    def write_checks(self, checks: Sequence[dict[str, Any]]) -> None:
        """Keep in run.json what the checks of this start say, in the place of earlier ones."""
        file = self.path / "run.json"
        description = _read_json(file) | {"checks": list(checks)}
        with explain_write_errors(self.path):
            write_whole(file, (json.dumps(description, indent=2) + "\n").encode())

    def write_predictions(self, name: str, predictions: Predictions) -> None:
        """Write predictions/NAME."""
        folder = self.path / "predictions"
        with explain_write_errors(folder):
            folder.mkdir(exist_ok=True)
        write_whole(folder / name, encode_predictions(predictions))

    def _check_identity(self, description: dict[str, Any]) -> None:
        file = self.path / "run.json"
        if file.is_file():
            earlier = _read_json(file)
            for name in _IDENTITY:
                _refuse_difference(self.path, name, earlier.get(name), description[name])
            again = [c for c in description["commands"] if c not in earlier.get("commands", [])]
            description = description | {"commands": [*earlier.get("commands", []), *again]}
        write_whole(file, (json.dumps(description, indent=2) + "\n").encode())
        self._cells.touch()

    def _drop_torn_line(self) -> None:
        """Cut off a last line that was being written when the run was killed."""
        content = self._cells.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self._cells, whole)


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"{file} is not JSON; give --out a new folder") from error
    if not isinstance(content, dict):
        raise RecordError(f"{file} is not a run of ln-bench; give --out a new folder")
    return content


def _refuse_difference(path: Path, name: str, earlier: Any, now: Any) -> None:
    if isinstance(now, dict) and isinstance(earlier, dict):
        for key in earlier | now:
            if key not in ("path", "source"):
                _refuse_difference(path, f"{name} {key}", earlier.get(key), now.get(key))
    elif earlier != now:
        raise RecordError(
            f"{path} holds a run with another {name} ({_short(earlier)}, not {_short(now)}); "
            "give --out a new folder"
        )


def _short(value: Any) -> str:
    text = str(value)
    return text[:12] + "..." if len(text) > 40 else text
