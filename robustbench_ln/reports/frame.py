"""Run directories as one tidy table: a row for each (run, mode, condition), sorted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.metrics import wilson_interval
from robustbench_ln.records import Record, read_records

__all__ = ["read_frame"]

_RUN_FIELDS = ("checkpoint_sha256", "data_sha256", "seed", "order", "limit")
"""What all rows of one run directory have in common."""

_CONDITION_FIELDS = (
    "corruption", "convention", "range", "severity_table", "frost", "origin", "severity",
)  # fmt: skip

_TEXT = (
    "label", "variant", "checkpoint_sha256", "data_sha256", "order", "mode", "prior", "tie_rule",
    "corruption", "convention", "range", "severity_table", "frost", "origin", "running_layers",
    "versions",
)  # fmt: skip
_COUNTS = (
    "seed", "limit", "set_size", "num_groups", "total", "correct", "ties", "refills", "num_classes",
)  # fmt: skip
_LEADING = (
    "label", "mode", "variant", "corruption", "convention", "range", "severity_table", "frost",
    "origin", "severity", "total", "correct", "accuracy", "low", "high",
)  # fmt: skip


def read_frame(runs: Sequence[Path], labels: Sequence[str] = ()) -> pd.DataFrame:
    """Return every cell of some runs, one row each.

    Besides the fields of `Record` a row has `label` (of the run), `variant` (the mode, and what
    tells it from the same mode with other options in the same run), `num_classes`, `accuracy`, and
    `low` and `high` of its 95 % Wilson interval. Text that a record lacks is "", numbers are NA.

    Rows are sorted by run, as given; mode, as first measured; and condition, the clean one first.

    Args:
        runs: Run directories.
        labels: What tables call them; () takes the labels that were given to `evaluate`.

    Raises:
        RecordError: No run directory, no cells, or two results for the same cell.
        SpecError: As many labels as runs are needed, each its own.
    """
    described = [_read_run(path) for path in runs]
    names = _choose_labels(described, labels)
    rows = [row for run, name in zip(described, names, strict=True) for row in _rows_of(run, name)]
    frame = pd.DataFrame(rows)
    frame = frame.astype(dict.fromkeys(_TEXT, "str") | dict.fromkeys(_COUNTS, "Int64"))
    others = [name for name in frame.columns if name not in (*_LEADING, *_TEXT, *_COUNTS)]
    frame[others] = frame[others].astype("float64")
    return frame[[*_LEADING, *(name for name in frame.columns if name not in _LEADING)]]


@dataclass(frozen=True, slots=True)
class _Run:
    """One run directory, read."""

    path: Path
    label: str
    num_classes: int
    records: Sequence[Record]


def _read_run(path: Path) -> _Run:
    records = read_records(path)
    if not records:
        raise RecordError(f"{path}: no cell was measured yet; run ln-bench evaluate again")
    for name in _RUN_FIELDS:
        values = {getattr(record, name) for record in records}
        if len(values) > 1:
            raise RecordError(
                f"{path}: its rows have {len(values)} different values of '{name}'; "
                "give each measurement a run directory of its own"
            )
    file = path / "run.json"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        label, num_classes = content["label"], content["data"]["num_classes"]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RecordError(
            f"{file} cannot be read; give a run directory of ln-bench evaluate"
        ) from error
    except (KeyError, TypeError) as error:
        raise RecordError(
            f"{file} has no 'label' or no 'num_classes' of its data; "
            "give a run directory of ln-bench evaluate"
        ) from error
    return _Run(path, str(label), int(num_classes), records)


def _choose_labels(runs: Sequence[_Run], labels: Sequence[str]) -> list[str]:
    """Return a label of its own for every run."""
    resolved = Counter(run.path.resolve() for run in runs)
    if twice := [path for path, times in resolved.items() if times > 1]:
        raise SpecError(f"{twice[0]} is given {resolved[twice[0]]} times; give each run once")
    if labels and len(labels) != len(runs):
        raise SpecError(
            f"{len(labels)} labels for {len(runs)} runs; give --label once for each run"
        )
    names = [" ".join(name.split()) for name in labels or [run.label for run in runs]]
    if not labels:
        times = Counter(names)
        names = [
            f"{name} ({run.path.resolve().name})" if times[name] > 1 else name
            for run, name in zip(runs, names, strict=True)
        ]
    if "" in names:
        raise SpecError("a label is empty; give --label a name for each run")
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise SpecError(f"several runs are called '{repeated[0]}'; give each its own --label")
    return names


def _rows_of(run: _Run, label: str) -> list[dict[str, Any]]:
    variants = _name_variants(run.records)
    modes, options = list(dict.fromkeys(r.mode for r in run.records)), list(variants)
    cells: dict[tuple[Any, ...], Record] = {}
    for record in run.records:
        condition = tuple(getattr(record, name) or "" for name in _CONDITION_FIELDS[:-1])
        place = (
            modes.index(record.mode),
            options.index(_options_of(record)),
            (record.corruption != "clean", *condition, record.severity),
        )
        earlier = cells.setdefault(place, record)
        if (earlier.correct, earlier.total) != (record.correct, record.total):
            raise RecordError(
                f"{run.path}: {record.name} was measured twice, {earlier.correct} of "
                f"{earlier.total} and {record.correct} of {record.total} correct; "
                "measure it again in a new run directory"
            )
    return [
        _row(
            cells[place],
            label=label,
            variant=variants[options[place[1]]],
            num_classes=run.num_classes,
        )
        for place in sorted(cells)
    ]


_Options = tuple[str, int | None, str | None, str | None]


def _options_of(record: Record) -> _Options:
    return record.mode, record.set_size, record.prior, record.tie_rule


def _name_variants(records: Sequence[Record]) -> dict[_Options, str]:
    """Return what to call each mode of a run: its options are named only where they differ."""
    used = dict.fromkeys(map(_options_of, records))
    names = {}
    for mode, set_size, prior, tie_rule in used:
        same = [options for options in used if options[0] == mode]
        values = ((1, "sets of", set_size), (2, "prior", prior), (3, "ties", tie_rule))
        parts = [
            f"{word} {value}"
            for position, word, value in values
            if len({options[position] for options in same}) > 1
        ]
        names[mode, set_size, prior, tie_rule] = f"{mode} ({', '.join(parts)})" if parts else mode
    return names


def _row(record: Record, *, label: str, variant: str, num_classes: int) -> dict[str, Any]:
    fields = asdict(record)
    del fields["schema"]
    interval = wilson_interval(record.correct, record.total)
    row = fields | {
        "label": label,
        "variant": variant,
        "num_classes": num_classes,
        "accuracy": record.accuracy,
        "low": interval.low,
        "high": interval.high,
        "running_layers": ";".join(record.running_layers),
        "versions": ", ".join(f"{name} {number}" for name, number in record.versions.items()),
    }
    return row | {name: row[name] or "" for name in _TEXT}
