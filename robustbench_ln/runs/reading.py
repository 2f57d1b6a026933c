"""Run directories as they lie on disk: their rows, and what run.json says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from robustbench_ln.errors import RecordError, SpecError, setting
from robustbench_ln.files.paths import full_path
from robustbench_ln.runs.cells import CellKey, ModeOptions
from robustbench_ln.runs.check_results import CheckResult
from robustbench_ln.runs.description import read_description
from robustbench_ln.runs.records import Record, read_records, refuse_other_counts
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

    def folder_of(self, cell: CellKey) -> Path:
        """Return the directory that has a cell's row and predictions."""
        return self.folders.get(cell, self.path)


def read_runs(paths: Sequence[Path], labels: Sequence[str] = ()) -> list[Run]:
    """Return runs in the order given, each under a label of its own.

    Directories of one label with the same network, images and settings are parts of one run.

    Args:
        paths: Run directories.
        labels: What tables call them; () takes the labels that were given to `evaluate`.

    Raises:
        RecordError: No run directory, no cells, rows of several runs in one, or parts of one run
            that have measured a cell with other results.
        SpecError: As many labels as runs are needed, each its own.
    """
    resolved = Counter(full_path(path) for path in paths)
    if twice := [path for path, times in resolved.items() if times > 1]:
        raise SpecError(f"{twice[0]} is given {resolved[twice[0]]} times; give each run once")
    if labels and len(labels) != len(paths):
        raise SpecError(
            f"{len(labels)} labels for {len(paths)} runs; give {setting('label')} once for each run"
        )
    runs = [_read_run(path) for path in paths]
    if labels:
        runs = [replace(run, label=_name(label)) for run, label in zip(runs, labels, strict=True)]
    merged = _merge_parts(runs)
    names = _choose_labels(merged, is_chosen=bool(labels))
    return [replace(run, label=name) for run, name in zip(merged, names, strict=True)]


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
    about = read_description(path)
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
    )


def _merge_parts(runs: Sequence[Run]) -> list[Run]:
    """Return the runs with the parts of each put together, where its first part stood."""
    merged: list[Run] = []
    for run in runs:
        place = next((i for i, earlier in enumerate(merged) if _are_parts(earlier, run)), None)
        if place is None:
            merged.append(run)
        else:
            merged[place] = _merge(merged[place], run)
    return merged


def _are_parts(first: Run, second: Run) -> bool:
    """Whether runs differ in conditions and modes alone; a mode must have the same options.

    Two runs of the very same cells are repetitions, which stand side by side.
    """
    if (first.label, first.identity) != (second.label, second.identity):
        return False
    cells = [{record.cell for record in run.records} for run in (first, second)]
    options = [_options(run) for run in (first, second)]
    shared = options[0].keys() & options[1].keys()
    return cells[0] != cells[1] and all(options[0][mode] == options[1][mode] for mode in shared)


def _options(run: Run) -> dict[str, set[ModeOptions]]:
    found: dict[str, set[ModeOptions]] = {}
    for record in run.records:
        found.setdefault(record.mode, set()).add(record.options)
    return found


def _merge(first: Run, second: Run) -> Run:
    known = {record.cell: record for record in first.records}
    for record in second.records:
        refuse_other_counts(
            known.get(record.cell, record),
            record,
            f"{first.folder_of(record.cell)} and {second.path}",
            cure=f"give each its own {setting('label')} to show them side by side",
        )
    new = [record for record in second.records if record.cell not in known]
    return replace(
        first,
        records=[*first.records, *new],
        commands=tuple(dict.fromkeys((*first.commands, *second.commands))),
        checks=tuple(_different([*first.checks, *second.checks])),
        folders={**first.folders, **{record.cell: second.path for record in new}},
    )


def _different(checks: Sequence[CheckResult]) -> Iterator[CheckResult]:
    """Yield each check of some parts once, unless they say different things."""
    said: set[tuple[str, str, str]] = set()
    for check in checks:
        key = (check.name, check.status, check.message if check.line else "")
        if key not in said:
            said.add(key)
            yield check


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
