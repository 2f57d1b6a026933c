"""Run directories as they lie on disk: their rows, and what run.json says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from robustbench_ln.errors import RecordError, SpecError, setting
from robustbench_ln.files.paths import full_path
from robustbench_ln.files.schema import shown
from robustbench_ln.runs.cells import CellKey
from robustbench_ln.runs.check_results import CheckResult
from robustbench_ln.runs.description import read_description
from robustbench_ln.runs.merging import demand_one_run, find_shards, merge_parts
from robustbench_ln.runs.records import Record, read_records
from robustbench_ln.runs.shards import Shard, parse_shard
from robustbench_ln.texts.safe import one_line, shorten

__all__ = ["MISSING", "Run", "read_runs"]

MISSING = "-"
"""What people read where there is no value."""

_COMMON_FIELDS = ("checkpoint_sha256", "data_sha256", "order", "limit")
"""What all rows of one run directory have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run directory, or several that are parts of one run.

    Attributes:
        path: Path of the directory; of several, the first.
        label: Name of the run in tables.
        commands: Command lines that made it, in their order; () where Python did.
        checkpoint: Name of the checkpoint's file; MISSING where Python evaluated a network.
        arch: Name of the network.
        data: The images as the user named them.
        normalization: Input normalisation as the user named it.
        device: Kind of device: "cpu", "cuda".
        num_images: Number of images in the data set, before a limit.
        num_classes: Number of classes of the network.
        seed: First seed; rows with another seed are repeats.
        records: Rows of the run, at least one of the first seed.
        checks: What the checks of its latest start said.
        identity: What the parts of one run have in common.
        folders: Directory of each cell that is not in `path`.
        shards: Which shards of a run these are; () is a whole run.
        shard_of: Digest of the cells of that run.
    """

    path: Path
    label: str
    commands: tuple[str, ...]
    checkpoint: str
    arch: str
    data: str
    normalization: str
    device: str
    num_images: int
    num_classes: int
    seed: int
    records: Sequence[Record]
    checks: Sequence[CheckResult] = ()
    identity: Mapping[str, Any] = field(default_factory=dict)
    folders: Mapping[CellKey, Path] = field(default_factory=dict)
    shards: tuple[Shard, ...] = ()
    shard_of: str | None = None

    def folder_of(self, cell: CellKey) -> Path:
        """Return the directory that has a cell's row and predictions."""
        return self.folders.get(cell, self.path)


def read_runs(paths: Sequence[Path], labels: Sequence[str] = ()) -> list[Run]:
    """Return runs in the order given, each under a label of its own.

    Directories of one label with the same network, images and settings are parts of one run.

    Args:
        paths: Run directories, and folders that hold the shards of a run.
        labels: What tables call them; () takes the labels that were given to `evaluate`.

    Raises:
        RecordError: No run directory, no cells, rows of several runs in one, parts of one run that
            have measured a cell with other results, or shards of runs that differ.
        SpecError: As many labels as runs are needed, each its own.
    """
    parts = {path: find_shards(path) for path in paths}
    resolved = Counter(full_path(part) for path in paths for part in parts[path])
    if twice := [path for path, times in resolved.items() if times > 1]:
        raise SpecError(f"{twice[0]} is given {resolved[twice[0]]} times; give each run once")
    if labels and len(labels) != len(paths):
        raise SpecError(
            f"{len(labels)} labels for {len(paths)} runs; give {setting('label')} once for each run"
        )
    runs = []
    for path, label in zip_longest(paths, labels):
        read = [_read_run(part) for part in parts[path]]
        runs += read if label is None else [replace(run, label=_name(label)) for run in read]
        demand_one_run(path, runs[-len(read) :])
    merged = merge_parts(runs)
    names = _choose_labels(merged, is_chosen=bool(labels))
    return [replace(run, label=name) for run, name in zip(merged, names, strict=True)]


def _read_run(path: Path) -> Run:
    records = read_records(path)
    if not records:
        raise RecordError(f"{path}: no cell was measured yet; run ln-bench evaluate again")
    _check_common_fields(path, records)
    about = read_description(path)
    for number, record in enumerate(records, start=1):
        if record.total > about.data.num_images:
            raise RecordError(
                f"{path / 'cells.jsonl'}, line {number}: 'total' is {record.total}; the "
                f"'num_images' of run.json is {about.data.num_images}; measure it again in a new "
                "run directory"
            )
    if all(record.seed != about.seed for record in records):
        raise RecordError(
            f"{path / 'cells.jsonl'}: no row has the 'seed' of run.json, {about.seed}; "
            "run ln-bench evaluate again"
        )
    return Run(
        path=path,
        label=_name(about.label),
        commands=tuple(map(one_line, about.commands)),
        checkpoint=MISSING if about.checkpoint.path is None else Path(about.checkpoint.path).name,
        arch=about.checkpoint.arch,
        data=about.data.source,
        normalization=about.normalize.name,
        device=about.device,
        num_images=about.data.num_images,
        num_classes=about.data.num_classes,
        seed=about.seed,
        records=records,
        checks=about.checks,
        identity=about.identity,
        shards=() if about.shard is None else (Shard(*parse_shard(about.shard)),),
        shard_of=about.shard_of,
    )


def _check_common_fields(path: Path, records: Sequence[Record]) -> None:
    for name in _COMMON_FIELDS:
        values = [getattr(record, name) for record in records]
        other = next((i for i, value in enumerate(values) if value != values[0]), None)
        if other is not None:
            raise RecordError(
                f"{path / 'cells.jsonl'}, lines 1 and {other + 1}: '{name}' is "
                f"{shown(values[0])} and {shown(values[other])}; give each measurement a run "
                "directory of its own"
            )


def _name(label: str) -> str:
    """Return a label as tables and figures have room for it."""
    return shorten(one_line(label))


def _choose_labels(runs: Sequence[Run], *, is_chosen: bool) -> list[str]:
    """Return a name for each run; where nobody chose them, equal ones get their folder's."""
    names = [_name(run.label) for run in runs]
    if not is_chosen:
        times = Counter(names)
        names = [
            _name(f"{name} ({full_path(run.path).name})") if times[name] > 1 else name
            for run, name in zip(runs, names, strict=True)
        ]
    if "" in names:
        raise SpecError(f"a label is empty; give {setting('label')} a name for each run")
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise SpecError(
            f"several runs are called '{repeated[0]}'; give each its own {setting('label')}"
        )
    return names
