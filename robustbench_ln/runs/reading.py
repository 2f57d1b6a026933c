"""Run directories as they lie on disk: their rows, and what run.json says of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from robustbench_ln.errors import RecordError, SpecError, setting
from robustbench_ln.runs.records import Record, read_records

__all__ = ["MISSING", "Run", "read_runs"]

MISSING = "-"
"""What people read where there is no value."""

_COMMON_FIELDS = ("checkpoint_sha256", "data_sha256", "order", "limit")
"""What all rows of one run directory have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run directory.

    Attributes:
        path: Of the directory.
        label: What tables call it.
        commands: The command lines that made it, in their order; () where Python did.
        checkpoint: Name of the checkpoint's file; MISSING where Python evaluated a network.
        arch: Name of the network, or MISSING.
        data: As the user named the images.
        normalization: As the user named it.
        device: "cpu" or "cuda".
        num_classes: Of the network.
        seed: The first one; rows with another are repeats.
        records: Its rows, at least one of the first seed.
    """

    path: Path
    label: str
    commands: tuple[str, ...]
    checkpoint: str
    arch: str
    data: str
    normalization: str
    device: str
    num_classes: int
    seed: int
    records: Sequence[Record]


def read_runs(paths: Sequence[Path], labels: Sequence[str] = ()) -> list[Run]:
    """Return runs in the order given, each under a label of its own.

    Args:
        paths: Run directories.
        labels: What tables call them; () takes the labels that were given to `evaluate`.

    Raises:
        RecordError: No run directory, no cells, or rows of several runs in one.
        SpecError: As many labels as runs are needed, each its own.
    """
    resolved = Counter(path.resolve() for path in paths)
    if twice := [path for path, times in resolved.items() if times > 1]:
        raise SpecError(f"{twice[0]} is given {resolved[twice[0]]} times; give each run once")
    runs = [_read_run(path) for path in paths]
    names = _choose_labels(runs, labels)
    return [replace(run, label=name) for run, name in zip(runs, names, strict=True)]


def _read_run(path: Path) -> Run:
    records = read_records(path)
    if not records:
        raise RecordError(f"{path}: no cell was measured yet; run ln-bench evaluate again")
    for name in _COMMON_FIELDS:
        values = {getattr(record, name) for record in records}
        if len(values) > 1:
            raise RecordError(
                f"{path}: its rows have {len(values)} different values of '{name}'; "
                "give each measurement a run directory of its own"
            )
    file = path / "run.json"
    content = _read_json(file)
    try:
        checkpoint = dict(content["checkpoint"])
        return Run(
            path=path,
            label=_one_line(content["label"]),
            commands=tuple(_one_line(text) for text in content["commands"]),
            checkpoint=Path(checkpoint.get("path", MISSING)).name,
            arch=str(checkpoint.get("arch", MISSING)),
            data=str(content["data"]["source"]),
            normalization=str(content["normalize"]["name"]),
            device=str(content["device"]),
            num_classes=int(content["data"]["num_classes"]),
            seed=int(content["seed"]),
            records=records,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(
            f"{file} lacks what a report needs ({error}); run ln-bench evaluate again"
        ) from error


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RecordError(
            f"{file} cannot be read; give a run directory of ln-bench evaluate"
        ) from error


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


def _choose_labels(runs: Sequence[Run], labels: Sequence[str]) -> list[str]:
    if labels and len(labels) != len(runs):
        raise SpecError(
            f"{len(labels)} labels for {len(runs)} runs; give {setting('label')} once for each run"
        )
    names = [_one_line(name) for name in labels or [run.label for run in runs]]
    if not labels:
        times = Counter(names)
        names = [
            f"{name} ({run.path.resolve().name})" if times[name] > 1 else name
            for run, name in zip(runs, names, strict=True)
        ]
    if "" in names:
        raise SpecError(f"a label is empty; give {setting('label')} a name for each run")
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise SpecError(
            f"several runs are called '{repeated[0]}'; give each its own {setting('label')}"
        )
    return names
