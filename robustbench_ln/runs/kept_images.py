"""Histograms and samples of a run's conditions, found by its rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from robustbench_ln.runs.predictions import prediction_name
from robustbench_ln.runs.reading import Run
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.seen_images import SeenImages, read_seen
from robustbench_ln.spec import Condition

__all__ = ["find_seen"]


def find_seen(run: Run, condition: Condition) -> SeenImages | None:
    """Return what a run's network was shown under a condition; None where that was not kept.

    Raises:
        RecordError: It was kept, but is missing or damaged now.
    """
    wanted = replace(condition, corrupted_sha256=None)
    rows = [
        record
        for record in run.records
        if record.images_sha256 is not None
        and record.seed == run.seed
        and (record.corruption, record.severity) == (wanted.corruption, wanted.severity)
        and replace(record.condition, corrupted_sha256=None) == wanted  # slow, so the last
    ]
    if not rows:
        return None
    path = _path_of(run, rows[-1])
    if not path.parent.is_dir():
        return None
    return read_seen(path, {row.images_sha256 or "" for row in rows if _path_of(run, row) == path})


def _path_of(run: Run, row: Record) -> Path:
    return run.folder_of(row.cell) / "predictions" / prediction_name(row.cell, run.seed)
