"""Runs as one tidy table for pandas: a row for each (run, mode, condition), sorted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from robustbench_ln.runs.columns import Columns
from robustbench_ln.runs.results import Cell, ModeResults, read_results

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cell_columns", "make_frame", "read_frame", "tidy_frame"]

_SORTED_BY = ("corruption", "convention", "range", "severity_table", "frost", "origin")
_TEXT = (
    "label", "variant", "checkpoint_sha256", "data_sha256", "order", "mode", "prior", "tie_rule",
    "corruption", "convention", "range", "severity_table", "frost", "origin",
    "corrupted_sha256", "arithmetic", "outputs", "classes", "sharing", "parts", "running_layers",
    "versions",
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

_ALWAYS = (
    "label", "mode", "corruption", "severity", "accuracy", "low", "high", "correct", "total",
)  # fmt: skip
_FIRST = (
    "label", "mode", "variant", "corruption", "convention", "range", "severity_table", "frost",
    "origin", "severity", "accuracy", "low", "high", "correct", "total",
)  # fmt: skip


def read_frame(paths: Sequence[Path], labels: Sequence[str] = ()) -> pd.DataFrame:
    """Return `make_frame` of run directories; see `read_runs` for what is refused."""
    return make_frame(read_results(paths, labels))


def tidy_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `make_frame` for reading: what tells rows apart and their accuracy come first.

    A column that has the same value in every row is left out unless it is one of `label`, `mode`,
    `corruption`, `severity`, `accuracy`, `low`, `high`, `correct` and `total`; its value is in the
    frame's `attrs`. `variant` is left out where it says no more than `mode`.
    """
    import pandas as pd

    constant = {name for name in frame if frame[name].nunique(dropna=False) <= 1}
    constant.discard("variant")
    if (frame["variant"] == frame["mode"]).all():
        frame = frame.drop(columns="variant")
    left_out = [str(name) for name in frame if name in constant and name not in _ALWAYS]
    first = [name for name in _FIRST if name in frame and name not in left_out]
    others = [name for name in frame if name not in (*first, *left_out)]
    tidy = frame[[*first, *others]]
    values = frame.iloc[:1][left_out].to_dict("list")  # Python's own numbers
    tidy.attrs = {name: None if pd.isna(value) else value for name, (value,) in values.items()}
    return tidy


def cell_columns(modes: Sequence[ModeResults]) -> Columns:
    """Return every cell of some modes, one row each.

    Besides the fields of `Record` a row has `label` (of the run), `variant` (the mode, and what
    tells it from the same mode with other options in the same run), `num_classes`, `accuracy`,
    `low` and `high` of its 95 % Wilson interval, `error` (1 - accuracy), the expectation and
    standard deviation of the accuracy over random groups, and mean and SD of the accuracy over
    `repeats` seeds. Everything else is of the run's first seed. Text that a record lacks is "",
    numbers are None.

    Rows are sorted by run, as given; mode, as first measured; and condition, the clean one first.
    """
    rows = [_row(cell, mode) for mode in modes for cell in sorted(mode.cells.values(), key=_place)]
    names = [*_LEADING, *(name for name in rows[0] if name not in _LEADING)]
    return Columns({name: [_typed(name, row[name]) for row in rows] for name in names})


def make_frame(modes: Sequence[ModeResults]) -> pd.DataFrame:
    """Return `cell_columns` for pandas; numbers that a record lacks are NA."""
    frame = cell_columns(modes).frame()
    others = [name for name in frame.columns if name not in (*_TEXT, *_COUNTS)]
    types = dict.fromkeys(_TEXT, "str") | dict.fromkeys(_COUNTS, "Int64")
    return frame.astype(types | dict.fromkeys(others, "float64"))


def _typed(name: str, value: Any) -> str | int | float | None:
    if name in _TEXT:
        return str(value)
    if value is None:
        return None
    return int(value) if name in _COUNTS else float(value)


def _place(cell: Cell) -> tuple[Any, ...]:
    texts = [getattr(cell.record, name) or "" for name in _SORTED_BY]
    return (cell.record.corruption != "clean", *texts, cell.record.severity)


def _row(cell: Cell, mode: ModeResults) -> dict[str, Any]:
    record, interval = cell.record, cell.interval
    fields = asdict(record)
    del fields["schema"], fields["images_sha256"]
    accuracies = [repeat.accuracy for repeat in cell.by_seed.values()]
    row = fields | {
        "label": mode.run.label,
        "variant": mode.variant,
        "num_classes": mode.run.num_classes,
        "accuracy": cell.accuracy,
        "low": interval.low,
        "high": interval.high,
        "error": (record.total - record.correct) / record.total,
        "expected_accuracy": cell.expected and cell.expected.accuracy,
        "expected_accuracy_sd": cell.expected and cell.expected.sd,
        "running_layers": ";".join(record.running_layers),
        "versions": ", ".join(f"{name} {number}" for name, number in record.versions.items()),
    }
    spread = {
        "repeats": len(accuracies),
        "repeat_mean": fmean(accuracies),
        "repeat_sd": stdev(accuracies) if len(accuracies) > 1 else None,
    }
    return row | {name: row[name] or "" for name in _TEXT} | spread
