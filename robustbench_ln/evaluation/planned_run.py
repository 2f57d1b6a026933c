"""What a run will do, before it does anything: for the run itself and for its estimate."""

from __future__ import annotations

import hashlib
from collections.abc import Set
from dataclasses import replace
from typing import NamedTuple

from robustbench_ln.corrupted_sets.reader import StoredSet
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.evaluation.mixtures import mix_conditions
from robustbench_ln.evaluation.orders import evaluation_order
from robustbench_ln.evaluation.plan import Pass, Plan, cell_of, missing_modes, plan_passes
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.evaluation.unit import EvaluationTask
from robustbench_ln.evaluation.workforce import Workforce, plan_workforce
from robustbench_ln.modes import Mode
from robustbench_ln.runs.cells import CellKey
from robustbench_ln.runs.shards import Shard
from robustbench_ln.spec import Condition, EvaluationSpec

__all__ = ["Missing", "PlannedRun", "find_missing", "plan_run"]

Missing = dict[Condition, dict[Pass, tuple[Mode, ...]]]
"""Modes that have no row yet, by condition and pass."""


class PlannedRun(NamedTuple):
    """What a run will do.

    Attributes:
        plan: Modes and passes.
        force: Who does them.
        task: What its units share; its spec has every condition and the device.
        is_clean: Whether there are clean images.
        whole_sha256: Digest of the cells of all shards.
    """

    plan: Plan
    force: Workforce
    task: EvaluationTask
    is_clean: bool
    whole_sha256: str


def plan_run(subject: Subject, images: ImageSet | StoredSet, spec: EvaluationSpec) -> PlannedRun:
    """Return what a run will do; nothing is written.

    Args:
        subject: The network.
        images: The test images; or a corrupted set, with its clean ones where it has them.
        spec: Modes, conditions (beside those of a corrupted set), and how.

    Raises:
        SpecError: The network cannot be evaluated in a mode that was named, there is not enough
            memory, or there are more shards than conditions.
        DataError: The images do not fit the network.
    """
    stored: dict[Condition, ImageSet] = {}
    is_clean = not isinstance(images, StoredSet) or images.has_clean
    if isinstance(images, StoredSet):
        spec = replace(spec, conditions=images.join_conditions(spec.conditions))
        stored, images = dict(images.images), images.base
    parts = spec.conditions
    mixed = mix_conditions(parts, order=spec.order)
    conditions = parts if mixed is None else (mixed,)
    spec = replace(spec, conditions=conditions, group_size=spec.group_size or subject.group_size)
    plan = plan_passes(subject, images, spec)
    indices = evaluation_order(images.labels, order=spec.order, seed=spec.seed, limit=spec.limit)
    whole_sha256 = _digest_cells(plan, spec)
    spec = replace(spec, conditions=_conditions_of_shard(spec))
    force = plan_workforce(subject, images, plan.passes, spec)
    task = EvaluationTask(
        subject=subject,
        images=images,
        stored=stored,
        spec=replace(spec, device=force.devices[0]),
        indices=indices,
        batches=force.batches,
        devices=force.devices,
        threads=force.threads,
        parts=() if mixed is None else parts,
    )
    return PlannedRun(plan, force, task, is_clean, whole_sha256)


def _digest_cells(plan: Plan, spec: EvaluationSpec) -> str:
    """Return what the shards of one run have in common: all its cells, in their order."""
    cells = [
        cell_of(condition, mode, p.layout, spec)
        for condition in spec.conditions
        for p in plan.passes
        for mode in p.modes
    ]
    return hashlib.sha256(repr((spec.repeats, cells)).encode()).hexdigest()


def _conditions_of_shard(spec: EvaluationSpec) -> tuple[Condition, ...]:
    """Return the conditions that are measured: of a shard its own, and the clean images.

    Raises:
        SpecError: A shard would have none.
    """
    shard = Shard(*spec.shard)
    clean = [condition for condition in spec.conditions if condition.is_clean]
    others = [condition for condition in spec.conditions if not condition.is_clean]
    if 1 < shard.count > len(others):
        raise SpecError(
            f"{setting('shard', str(shard))}: the run has {len(others)} "
            f"condition{'s' * (len(others) != 1)} beside the clean images; give at most as many "
            "shards"
        )
    return (*clean, *shard.take(others))


def find_missing(task: EvaluationTask, spec: EvaluationSpec, done: Set[CellKey]) -> Missing:
    """Return the modes that have no row yet.

    Args:
        task: Task of the run.
        spec: Spec of the run, or of one of its repeats.
        done: Cells that have a row.
    """
    found: Missing = {}
    for condition in spec.conditions:
        passes = {p: missing_modes(p, condition, done, spec) for p in task.batches}
        if needed := {p: modes for p, modes in passes.items() if modes}:
            found[condition] = needed
    return found
