"""Runs as one tidy table: a row for each (run, mode, condition), sorted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.intervals import wilson_interval
from robustbench_ln.runs.reading import Run, read_runs
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.variants import name_variants, options_of

__all__ = ["make_frame", "read_frame"]

_CONDITION_FIELDS = (
    "corruption", "convention", "range", "severity_table", "frost", "origin", "severity",
)  # fmt: skip

_TEXT = (
    "label", "variant", "checkpoint_sha256", "data_sha256", "order", "mode", "prior", "tie_rule",
    "corruption", "convention", "range", "severity_table", "frost", "origin",
    "corrupted_sha256", "arithmetic", "outputs", "running_layers", "versions",
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
    cells: dict[tuple[Any, ...], dict[int, Record]] = {}
    for record in run.records:
        condition = tuple(getattr(record, name) or "" for name in _CONDITION_FIELDS[:-1])
        place = (
            modes.index(record.mode),
            options.index(options_of(record)),
            (record.corruption != "clean", *condition, record.severity),
        )
        earlier = cells.setdefault(place, {}).setdefault(record.seed, record)
        if (earlier.correct, earlier.total) != (record.correct, record.total):
            raise RecordError(
                f"{run.path}: {record.name} was measured twice, {earlier.correct} of "
                f"{earlier.total} and {record.correct} of {record.total} correct; "
                "measure it again in a new run directory"
            )
    return [
        _row(cells[place][run.seed], run, variants[options[place[1]]]) | _over_repeats(cells[place])
        for place in sorted(cells)
        if run.seed in cells[place]
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
