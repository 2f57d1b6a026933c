"""Histograms and samples of a run's conditions, found by its rows."""

from __future__ import annotations

from dataclasses import replace

from robustbench_ln.runs.predictions import prediction_name
from robustbench_ln.runs.reading import Run
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
        if replace(record.condition, corrupted_sha256=None) == wanted
        and record.seed == run.seed
        and record.images_sha256 is not None
    ]
    folder = run.path / "predictions"
    if not rows or not folder.is_dir():
        return None
    name = prediction_name(rows[-1].cell, run.seed)
    of_file = [row for row in rows if prediction_name(row.cell, run.seed) == name]
    return read_seen(folder / name, {row.images_sha256 or "" for row in of_file})
