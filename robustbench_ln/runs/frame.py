"""Runs as one tidy table: a row for each (run, mode, condition), sorted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.intervals import wilson_interval
from robustbench_ln.runs.cells import CellKey
from robustbench_ln.runs.reading import Run, read_runs
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.variants import name_variants

__all__ = ["make_frame", "read_frame"]

_CONDITION_FIELDS = (
    "corruption", "convention", "range", "severity_table", "frost", "origin",
)  # fmt: skip

_TEXT = (
    "label", "variant", "checkpoint_sha256", "data_sha256", "order", "mode", "prior", "tie_rule",
    "corruption", "convention", "range", "severity_table", "frost", "origin",
    "corrupted_sha256", "arithmetic", "running_layers", "versions",
)  # fmt: skip
_COUNTS = (
    "seed", "limit", "set_size", "num_groups", "total", "correct", "ties", "refills", "num_classes",
    "repeats",
)  # fmt: skip
_LEADING = (
    "label", "mode", "variant", "corruption", "convention", "range", "severity_table", "frost",
    "origin", "severity", "total", "correct", "accuracy", "low", "high", "error",
    "expected_accuracy", "expected_accuracy_sd",
)  # fmt: skip


def read_frame(paths: Sequence[Path], labels: Sequence[str] = ()) -> pd.DataFrame:
    """Return `make_frame` of run directories; see `read_runs` for what is refused."""
    return make_frame(read_runs(paths, labels))


def make_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """Return every cell of some runs, one row each.

    Besides the fields of `Record` a row has `label` (of the run), `variant` (the mode, and what
    tells it from the same mode with other options in the same run), `num_classes`, `accuracy`,
    `low` and `high` of its 95 % Wilson interval, `error` (1 - accuracy), the expectation and
    standard deviation of the accuracy over random groups, and mean and SD of the accuracy over
    `repeats` seeds. Everything else is of the run's first seed. Text that a record lacks is "",
    numbers are NA.

    Rows are sorted by run, as given; mode, as first measured; and condition, the clean one first.

    Raises:
        RecordError: Two results for the same cell.
    """
    frame = pd.DataFrame([row for run in runs for row in _rows_of(run)])
    frame = frame.astype(dict.fromkeys(_TEXT, "str") | dict.fromkeys(_COUNTS, "Int64"))
    others = [name for name in frame.columns if name not in (*_TEXT, *_COUNTS)]
    frame[others] = frame[others].astype("float64")
    return frame[[*_LEADING, *(name for name in frame.columns if name not in _LEADING)]]


def _rows_of(run: Run) -> list[dict[str, Any]]:
    variants = name_variants(run.records)
    modes, options = list(dict.fromkeys(r.mode for r in run.records)), list(variants)
    cells: dict[CellKey, dict[int, Record]] = {}
    for record in run.records:
        shown = replace(record.condition, corrupted_sha256=None)
        cell = replace(record.cell, condition=shown, seed=run.seed)
        earlier = cells.setdefault(cell, {}).setdefault(record.seed, record)
        if (earlier.correct, earlier.total) != (record.correct, record.total):
            raise RecordError(
                f"{run.path}: {record.name} was measured twice, on other images, "
                f"{earlier.correct} of {earlier.total} and {record.correct} of {record.total} "
                "correct; give each set of images a run directory of its own"
            )

    def place(cell: CellKey) -> tuple[Any, ...]:
        condition = tuple(getattr(cell.condition, name) or "" for name in _CONDITION_FIELDS)
        ranks = modes.index(cell.options.mode), options.index(cell.options)
        return (*ranks, not cell.condition.is_clean, *condition, cell.condition.severity)

    return [
        _row(cells[cell][run.seed], run, variants[cell.options]) | _over_repeats(cells[cell])
        for cell in sorted(cells, key=place)
        if run.seed in cells[cell]
    ]


def _over_repeats(by_seed: dict[int, Record]) -> dict[str, Any]:
    """Return how a cell varies over the seeds that it was measured with."""
    accuracies = [record.accuracy for record in by_seed.values()]
    return {
        "repeats": len(accuracies),
        "repeat_mean": fmean(accuracies),
        "repeat_sd": stdev(accuracies) if len(accuracies) > 1 else None,
    }


def _row(record: Record, run: Run, variant: str) -> dict[str, Any]:
    fields = asdict(record)
    del fields["schema"]
    interval = wilson_interval(record.correct, record.total)
    row = fields | {
        "label": run.label,
        "variant": variant,
        "num_classes": run.num_classes,
        "accuracy": record.accuracy,
        "low": interval.low,
        "high": interval.high,
        "error": (record.total - record.correct) / record.total,
        "expected_accuracy": _share(record.expected_correct, record.total),
        "expected_accuracy_sd": _share(record.expected_sd, record.total),
        "running_layers": ";".join(record.running_layers),
        "versions": ", ".join(f"{name} {number}" for name, number in record.versions.items()),
    }
    return row | {name: row[name] or "" for name in _TEXT}


def _share(count: float | None, total: int) -> float | None:
    return None if count is None else count / total
