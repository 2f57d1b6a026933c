"""Results as one JSON object, for programs: shares 0..1, names as in records, null for nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robustbench_ln.reports.compare import Pair
from robustbench_ln.reports.compare_text import cells_frame, summary_frame
from robustbench_ln.reports.numbers import estimate_fields
from robustbench_ln.reports.report import Report
from robustbench_ln.reports.summary_text import summary_frame as report_summary
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.reading import MISSING, Run
from robustbench_ln.runs.results import runs_of

__all__ = ["JSON_SCHEMA", "compare_json", "frame_rows", "json_text", "report_json"]

JSON_SCHEMA = 1
"""Version of the objects: it grows when a name or its meaning changes, not when one is added."""


def json_text(command: str, content: Mapping[str, Any]) -> str:
    """Return the object of a command: its schema, its name, and what it found."""
    whole = {"schema": JSON_SCHEMA, "command": command, **content}
    return json.dumps(_plain(whole), allow_nan=False, indent=1)


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it: null for NaN and NA, "inf" for what is beyond measure."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.generic):
        return _plain(value.item())
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def frame_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return an object for each row."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def report_json(report: Report, files: Sequence[Path]) -> dict[str, Any]:
    """Return what a report found: runs, cells, tables, and what each mode comes down to."""
    modes = [mode for table in report.tables for mode in table.modes]
    return {
        "runs": [_run(run) for run in runs_of(modes)],
        "cells": frame_rows(report.frame),
        "tables": [_table(table) for table in report.tables],
        "summary": frame_rows(report_summary(report.summary)) if report.summary else [],
        "files": list(files),
    }


def _run(run: Run) -> dict[str, Any]:
    first = run.records[0]
    return {
        "path": run.path,
        "label": run.label,
        "commands": run.commands,
        "checkpoint": None if run.checkpoint == MISSING else run.checkpoint,
        "checkpoint_sha256": first.checkpoint_sha256,
        "arch": run.arch,
        "data": run.data,
        "data_sha256": first.data_sha256,
        "normalize": run.normalization,
        "device": run.device,
        "seed": run.seed,
        "versions": first.versions,
        "checks": [
            {"name": check.name, "status": check.status, "message": check.line}
            for check in run.checks
        ],
    }


def _table(table: Table) -> dict[str, Any]:
    rows = [
        {"row": row.name, "label": mode.run.label, "variant": mode.variant}
        | estimate_fields("accuracy", estimate)
        for row in table.rows
        for mode in table.modes
        if (estimate := table.estimate(row, mode)) is not None
    ]
    return {"name": table.name, "title": table.title, "rows": rows}


def compare_json(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return what comparisons found: every cell, and what pools and curves come down to."""
    sides = [
        {"first": pair.first.key, "first_run": pair.first.run.path,
         "second": pair.second.key, "second_run": pair.second.run.path,
         "images": pair.units.num_images, "units": pair.units.num_units,
         "left_out": pair.left_out}
        for pair in pairs
    ]  # fmt: skip
    return {
        "pairs": sides,
        "cells": frame_rows(cells_frame(pairs)),
        "summary": frame_rows(summary_frame(pairs)),
    }
