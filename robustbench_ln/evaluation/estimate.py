"""What an evaluation will take: cells, passes, operations, time, memory and disk. Nothing is done.

The plan is that of the run; seconds are those of a few images on this machine, just now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from robustbench_ln.evaluation.calibration import Calibration, calibrate
from robustbench_ln.evaluation.plan import Pass
from robustbench_ln.evaluation.planned_run import Missing, PlannedRun, find_missing, plan_run
from robustbench_ln.evaluation.request import EvaluationRequest, open_request
from robustbench_ln.evaluation.stand_ins import stand_in
from robustbench_ln.evaluation.workforce import Workforce
from robustbench_ln.norms import count_groups
from robustbench_ln.progress import Progress
from robustbench_ln.runs.records import read_records
from robustbench_ln.spec import Condition
from robustbench_ln.workers.choice import count_cores, peak_memory
from robustbench_ln.workers.engine import Engine

__all__ = ["Estimate", "estimate_request"]

_START_SECONDS = 2.0
"""Until workers have started."""
_GAIN = 0.9
"""Of each core where several work: they share caches and memory (2 processes: 1.8 x one)."""
_ROW_BYTES = 1_500
"""Of a line in cells.jsonl, about."""
_CHECK_COPIES = 2
"""Copies of the network that the checks of a run make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What an evaluation will take on this machine.

    Attributes:
        cells: Number of cells to be measured.
        done: Cells that have a row already.
        conditions: Number of conditions with a cell to be measured; each repeat counts.
        images: N.
        forward_passes: Images that go through the network, groups and rotations counted.
        operations: Multiplications and additions of all of them.
        seconds: Number of workers -> seconds.
        workers: That the run would have; one of `seconds`.
        memory_bytes: Peak of all processes.
        disk_bytes: Size of the run directory, without its report.
    """

    cells: int
    done: int
    conditions: int
    images: int
    forward_passes: int
    operations: int
    seconds: Mapping[int, float]
    workers: int
    memory_bytes: int
    disk_bytes: int


def estimate_request(request: EvaluationRequest, *, out: Path, progress: Progress) -> Estimate:
    """Return what `evaluate_request` would take to measure what is missing in `out`.

    Raises:
        LnBenchError: As `evaluate_request` before its first cell; see `stand_in` for files that
            are not there.
    """
    planned = plan_run(*open_request(stand_in(request, progress), progress=progress))
    done = {row.cell for row in read_records(out)} if (out / "cells.jsonl").is_file() else set()
    spec = planned.task.spec
    seeds = range(spec.seed, spec.seed + spec.repeats)
    todo = [find_missing(planned.task, replace(spec, seed=seed), done) for seed in seeds]
    progress.describe("calibrating")
    calibration = calibrate(planned.task, [condition for one in todo for condition in one])
    return _estimate(planned, todo, calibration, done=len(done))


def _estimate(
    planned: PlannedRun, todo: Sequence[Missing], found: Calibration, *, done: int
) -> Estimate:
    task, force = planned.task, planned.force
    number, groups = len(task.indices), count_groups(planned.plan.layers)
    measured = [(c, passes) for one in todo for c, passes in one.items()]
    passes = [p for _, each in measured for p in each]
    workers = force.choose_workers(task.spec, passes, num_images=number, engine=Engine())
    rows = [groups * p.layout.rows_per_set * _sets_of(p, number) for p in passes]
    cells = sum(len(modes) for _, each in measured for modes in each.values())
    disk = sum(found.file_bytes[p] + number * found.image_bytes[p] for p in passes)
    return Estimate(
        cells=cells,
        done=done,
        conditions=len(measured),
        images=number,
        forward_passes=sum(rows),
        operations=sum(rows) * force.costs.operations,
        seconds={
            count: _seconds(measured, found, images=number, workers=count)
            for count in _counts(workers, force.most_workers)
        },
        workers=workers,
        memory_bytes=peak_memory() + _more_memory(force, workers),
        disk_bytes=round(disk) + cells * _ROW_BYTES,
    )


def _sets_of(p: Pass, images: int) -> int:
    """Return the sets of a pass, of which the last is filled up."""
    return -(-images // p.layout.images_together)


def _more_memory(force: Workforce, workers: int) -> int:
    """Return the bytes of a run beside those of its plan and calibration: copies of the network."""
    views = len(force.batches) if workers == 1 else 0
    copies = force.costs.weight_bytes * (_CHECK_COPIES + views)
    return copies + (workers * force.bytes_each if workers > 1 else 0)


def _counts(workers: int, most: int) -> list[int]:
    """Return the numbers of workers to compare: 1, 2, 4, ..., all that can help, and the run's."""
    doubled = [2**power for power in range(most.bit_length()) if 2**power <= most]
    return sorted({*doubled, most, workers})


def _seconds(
    measured: Sequence[tuple[Condition, Mapping[Pass, object]]],
    found: Calibration,
    *,
    images: int,
    workers: int,
) -> float:
    """Return the seconds of a run. One process degrades the next images in a thread meanwhile."""
    degrading = [images * found.degrading[condition.corruption] for condition, _ in measured]
    network = [
        sum(found.network[p] * _sets_of(p, images) * p.layout.images_together for p in passes)
        for _, passes in measured
    ]
    if workers > 1:
        cores = min(workers, count_cores())
        return _START_SECONDS + (sum(degrading) + sum(network)) / (_GAIN * cores)
    together = max if count_cores() > 1 else lambda *both: sum(both)
    return sum(map(together, degrading, network))
