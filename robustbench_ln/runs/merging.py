"""Directories that are parts of one run, put together: of other conditions and modes, or shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from robustbench_ln.errors import Message, RecordError, setting
from robustbench_ln.files.resumable_folders import find_changes
from robustbench_ln.runs.cells import ModeOptions
from robustbench_ln.runs.check_results import CheckResult
from robustbench_ln.runs.description import FILE_NAME, read_description
from robustbench_ln.runs.records import read_records, refuse_other_counts
from robustbench_ln.runs.shards import Shard
from robustbench_ln.spec import Condition

if TYPE_CHECKING:
    from robustbench_ln.runs.reading import Run

__all__ = ["demand_one_run", "find_shards", "merge_parts", "missing_shards"]

_CHECK = "shards"
"""Name of the check that says which shards of a run are missing."""

_MOST_NAMED = 8
"""Missing shards that are named; of more, the number is given."""


def find_shards(path: Path) -> list[Path]:
    """Return the shards that a folder holds, by number; a run directory, or what is none, itself.

    A shard without rows, whose job has just begun, is left out: it is missing still.

    Raises:
        RecordError: A directory in it is damaged.
    """
    if (path / FILE_NAME).exists() or not path.is_dir():
        return [path]
    folders = sorted(place for place in path.iterdir() if (place / FILE_NAME).is_file())
    shards = [(read_description(place).shard, place) for place in folders]
    found = [(_number(name), place) for name, place in shards if name and read_records(place)]
    return [place for _, place in sorted(found)] or [path]


def _number(shard: str) -> int:
    return int(shard.partition("/")[0])


def demand_one_run(path: Path, shards: Sequence[Run]) -> None:
    """Demand that the shards in a folder are of one run.

    Raises:
        RecordError: They are not.
    """
    (first, _), *others = _group(shards)
    if others:
        cure = f"keep in {path} the shards of one run alone"
        raise _of_other_run(first, others[0][0], cure)


def merge_parts(runs: Sequence[Run]) -> list[Run]:
    """Return the runs with the parts of each put together, where its first part stood.

    The rows of shards stand in the order in which one process would have measured them.

    Raises:
        RecordError: Parts have a cell with other results; or shards that bear one label are of
            different runs, none of which is whole.
    """
    groups = _group(runs)
    _refuse_strangers([run for run, _ in groups])
    return [_complete(run, parts) if run.shards else run for run, parts in groups]


def _group(runs: Sequence[Run]) -> list[tuple[Run, list[Run]]]:
    """Return each run put together, with its parts, in the order of their first ones."""
    groups: list[tuple[Run, list[Run]]] = []
    for run in runs:
        place = next((i for i, (whole, _) in enumerate(groups) if _are_parts(whole, run)), None)
        if place is None:
            groups.append((run, [run]))
        else:
            whole, parts = groups[place]
            groups[place] = _merge(whole, run), [*parts, run]
    return groups


def missing_shards(runs: Iterable[Run]) -> list[Message]:
    """Return a line for each run of which shards are missing."""
    found = {run.path: run for run in runs}
    return [
        Message(f"{check.status.capitalize()}: {run.label}: {check.message}")
        for run in found.values()
        for check in run.checks
        if check.name == _CHECK
    ]


def _are_parts(first: Run, second: Run) -> bool:
    """Whether runs differ in conditions and modes alone; a mode must have the same options.

    Two runs of the very same cells are repetitions, which stand side by side. Shards say themselves
    what they are parts of.
    """
    if (first.label, first.identity) != (second.label, second.identity):
        return False
    if first.shards or second.shards:
        return first.shard_of == second.shard_of and _counts(first) == _counts(second)
    cells = [{record.cell for record in run.records} for run in (first, second)]
    options = [_options(run) for run in (first, second)]
    shared = options[0].keys() & options[1].keys()
    return cells[0] != cells[1] and all(options[0][mode] == options[1][mode] for mode in shared)


def _counts(run: Run) -> set[int]:
    return {shard.count for shard in run.shards}


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
        shards=(*first.shards, *second.shards),
    )


def _different(checks: Sequence[CheckResult]) -> Iterator[CheckResult]:
    """Yield each check of some parts once, unless they say different things."""
    said: set[tuple[str, str, str]] = set()
    for check in checks:
        key = (check.name, check.status, check.message if check.line else "")
        if key not in said:
            said.add(key)
            yield check


def _missing(run: Run) -> list[Shard]:
    count = run.shards[0].count
    there = {shard.number for shard in run.shards}
    return [Shard(number, count) for number in range(1, count + 1) if number not in there]


def _complete(run: Run, parts: Sequence[Run]) -> Run:
    """Return merged shards with their rows in order, and a check that says what is missing."""
    place = {condition: i for part in parts for condition, i in _places(part).items()}
    records = sorted(run.records, key=lambda row: (row.seed, place[row.condition]))
    return replace(run, records=records, checks=(*run.checks, *_check_shards(run)))


def _places(part: Run) -> dict[Condition, int]:
    """Return the place of each condition of a shard in the whole run; see `Shard.take`."""
    own = list(dict.fromkeys(row.condition for row in part.records if not row.condition.is_clean))
    clean = {row.condition: -1 for row in part.records if row.condition.is_clean}
    (shard,) = part.shards
    return clean | {c: shard.number - 1 + i * shard.count for i, c in enumerate(own)}


def _check_shards(run: Run) -> tuple[CheckResult, ...]:
    missing = _missing(run)
    if not missing:
        return ()
    names = ", ".join(map(str, missing[:_MOST_NAMED]))
    more = f" and {len(missing) - _MOST_NAMED} more" * (len(missing) > _MOST_NAMED)
    what = f"shard {names} is" if len(missing) == 1 else f"shards {names}{more} are"
    return (
        CheckResult(
            name=_CHECK,
            status="note",
            message=f"{what} missing; the conditions of a missing shard are in no table",
        ),
    )


def _refuse_strangers(runs: Sequence[Run]) -> None:
    """Refuse shards of one label that do not make one run: they were measured differently.

    Whole runs of one label may stand side by side.
    """
    first: dict[str, Run] = {}
    for run in runs:
        if run.shards:
            earlier = first.setdefault(run.label, run)
            if earlier is not run and (_missing(earlier) or _missing(run)):
                cure = f"measure it again, or give each run its own {setting('label')}"
                raise _of_other_run(earlier, run, cure)


def _of_other_run(first: Run, second: Run, cure: str) -> RecordError:
    changes = find_changes(first.identity, second.identity)
    if first.label != second.label:
        why = f"another label ('{first.label}', not '{second.label}')"
    elif changes:
        why = f"another {changes[0].name} ({changes[0].values})"
    elif _counts(first) != _counts(second):
        why = f"shard {first.shards[0]} is of one, shard {second.shards[0]} of the other"
    else:
        why = "other conditions, modes, statistics or repeats"
    return RecordError(
        f"{first.path} and {second.path} are shards of different runs: {why}; {cure}"
    )
