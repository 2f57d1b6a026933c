"""The one loop over conditions: degrade, run every pass, reduce, record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import compress, islice
from operator import not_
from pathlib import Path
from typing import NamedTuple

from robustbench_ln.corrupted_sets.reader import StoredSet
from robustbench_ln.corruptions.noise_sums import NoiseMeaning, describe_noise
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.data.oddities import find_oddities
from robustbench_ln.errors import Message, setting
from robustbench_ln.evaluation.checks import RunChecks
from robustbench_ln.evaluation.pass_run import Measured
from robustbench_ln.evaluation.plan import Pass, cell_of
from robustbench_ln.evaluation.planned_run import Missing, find_missing, plan_run
from robustbench_ln.evaluation.subject import Subject, describe_run
from robustbench_ln.evaluation.unit import (
    EvaluationTask,
    Unit,
    UnitResult,
    join_results,
    split_condition,
)
from robustbench_ln.evaluation.workforce import launch
from robustbench_ln.modes import Mode
from robustbench_ln.norms import count_groups
from robustbench_ln.progress import Progress, Silent
from robustbench_ln.runs.description import RunDescription
from robustbench_ln.runs.predictions import Predictions, join_predictions, prediction_name
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.reduction import reduce_predictions
from robustbench_ln.runs.seen_images import SeenImages
from robustbench_ln.runs.shards import Shard
from robustbench_ln.runs.writing import RunDirectory
from robustbench_ln.spec import CLEAN, Condition, EvaluationSpec, check_tie_rule
from robustbench_ln.workers.crew import Crew, open_crew
from robustbench_ln.workers.engine import Engine

__all__ = ["evaluate"]

_NEW_DIGEST = Message(
    f"Note: this run did not record which code of {setting('model')} made its rows; from now on it "
    "does, and different code is refused"
)


def evaluate(  # noqa: PLR0913  (one parameter for each setting)
    subject: Subject,
    images: ImageSet | StoredSet,
    spec: EvaluationSpec,
    *,
    out: Path,
    engine: Engine = Engine(),  # noqa: B008  (frozen)
    progress: Progress | None = None,
) -> list[Record]:
    """Measure every missing cell of a run, and return all rows of its directory.

    Args:
        subject: The network.
        images: The test images; or a corrupted set, with its clean ones where it has them.
        spec: Modes, conditions (beside those of a corrupted set), and how.
        out: The run directory; made, or continued.
        engine: Who distributes the work; it changes no row.
        progress: Display that shows how far the job is; None shows nothing.

    Raises:
        SpecError: The network cannot be evaluated in a mode that was named.
        DataError: The images do not fit the network.
        CheckpointError: The network gives no finite logits.
        RecordError: The directory holds another run, is in use, or cannot be written.
    """
    progress = progress or Silent()
    plan, force, task, is_clean, whole_sha256 = plan_run(subject, images, spec)
    images, spec, indices = task.images, task.spec, task.indices
    for line in find_oddities(images):
        progress.note(f"Note: {line}")
    about = describe_run(subject, images, spec, progress=progress)
    about = replace(about, device_batches=force.sizes)
    if (shard := Shard(*spec.shard)).count > 1:
        about = replace(about, shard=str(shard), shard_of=whole_sha256)
    with RunDirectory(out, about) as run:
        if run.gains_code:
            progress.note(_NEW_DIGEST)
        missing = [p for job in _jobs_of(task, run, about) for p in job.missing_passes()]
        workers = force.choose_workers(spec, missing, num_images=len(indices), engine=engine)
        with launch(workers, engine, is_cpu=force.is_cpu) as launcher:
            checks = RunChecks(run, subject, images, stored=task.stored, progress=progress)
            sizes = [p.layout.set_size or 1 for p in plan.passes]
            spec = checks.before(
                spec, layers=plan.layers, indices=indices, set_sizes=sizes, is_clean=is_clean
            )
            task = replace(task, spec=spec, is_alone=launcher is None)
            with open_crew(task, workers, launcher, advance=progress.advance) as crew:
                jobs = _jobs_of(task, run, about)
                _start(jobs, progress, num_groups=count_groups(plan.layers))
                _run_jobs(jobs, crew, progress, after_clean=lambda: checks.after_clean(spec))
        return list(run.records)


def _jobs_of(task: EvaluationTask, run: RunDirectory, about: RunDescription) -> list[_Job]:
    """Return one job for each seed."""
    spec = task.spec
    seeds = range(spec.seed, spec.seed + spec.repeats)
    return [_Job(replace(spec, seed=seed), task, run, about) for seed in seeds]


class _Todo(NamedTuple):
    """What one seed has no row of yet under one condition."""

    job: _Job
    condition: Condition
    missing: dict[Pass, tuple[Mode, ...]]

    def units(self) -> list[Unit]:
        """Return the units that measure it."""
        task = self.job.task
        whole = Unit(
            seed=self.job.spec.seed,
            condition=self.condition,
            passes=tuple(self.missing),
            start=0,
            stop=len(task.indices),
        )
        return split_condition(whole, task.batches, task.images.shape, parts=task.parts)


class _Found(NamedTuple):
    """What a pass found under a condition."""

    predictions: Predictions
    measured: Measured[Predictions]
    meaning: NoiseMeaning | None
    seen: SeenImages


def _start(jobs: Sequence[_Job], progress: Progress, *, num_groups: int) -> None:
    """Say how much there is to do."""
    missing = [found for job in jobs for found in job.find_missing().values()]
    modes = [modes for passes in missing for modes in passes.values()]
    num_images = len(jobs[0].task.indices)
    progress.start(cells=sum(map(len, modes)), image_passes=num_images * num_groups * len(modes))


def _run_jobs(
    jobs: Sequence[_Job],
    crew: Crew[Unit, UnitResult],
    progress: Progress,
    *,
    after_clean: Callable[[], None],
) -> None:
    """Measure condition by condition; what is already recorded is not measured again.

    The first seed's clean cell comes first, and `after_clean` once it is there.
    """
    todo = [_Todo(job, *one) for job in jobs for one in job.find_missing().items()]
    is_first = [each.job is jobs[0] and each.condition == CLEAN for each in todo]
    _measure(list(compress(todo, is_first)), crew, progress)
    after_clean()
    _measure(list(compress(todo, map(not_, is_first))), crew, progress)


def _measure(todo: Sequence[_Todo], crew: Crew[Unit, UnitResult], progress: Progress) -> None:
    """Have the units done in their order; write each condition when its last unit is there."""
    split = [each.units() for each in todo]
    results = crew.map(unit for units in split for unit in units)
    for (job, condition, missing), units in zip(todo, split, strict=True):
        repeat = "" if job.spec.seed == job.task.spec.seed else f", seed {job.spec.seed}"
        progress.describe(f"{condition.corruption} {condition.severity:g}{repeat}")
        job.write(condition, missing, list(islice(results, len(units))), progress)


@dataclass(frozen=True, slots=True)
class _Job:
    """One seed of a call of `evaluate`: what its cells share, and where they are written."""

    spec: EvaluationSpec
    task: EvaluationTask
    directory: RunDirectory
    description: RunDescription

    def find_missing(self) -> Missing:
        """Return the modes that have no row yet, by condition and pass."""
        return find_missing(self.task, self.spec, self.directory.cells)

    def missing_passes(self) -> list[Pass]:
        """Return the passes that are to be done, one entry for each condition."""
        return [p for passes in self.find_missing().values() for p in passes]

    def write(
        self,
        condition: Condition,
        missing: dict[Pass, tuple[Mode, ...]],
        results: Sequence[UnitResult],
        progress: Progress,
    ) -> None:
        """Write what the units of a condition gave."""
        whole = join_results(results, num_samples=self.spec.samples)
        meaning = describe_noise(whole.sums) if whole.sums else None
        for p, measured in whole.measured.items():
            found = _Found(join_predictions(measured.parts), measured, meaning, whole.seen)
            rows = [self._record(condition, p, mode, found) for mode in missing[p]]
            name = prediction_name(rows[0].cell, first_seed=self.description.seed)
            self.directory.write_predictions(name, found.predictions, found.seen)
            self.directory.append(rows)
            self._note_smaller_batch(p, measured.sets)
            progress.finish_cells(len(rows))

    def _note_smaller_batch(self, p: Pass, sets: int) -> None:
        """Keep in run.json what a GPU of too little memory left of a device batch."""
        if sets < self.task.batches[p].sets:
            self.directory.note_device_batch(p.layout.label, sets * p.layout.rows_per_set)

    def _record(self, condition: Condition, one_pass: Pass, mode: Mode, found: _Found) -> Record:
        layout, spec, about = one_pass.layout, self.spec, self.description
        cell = cell_of(condition, mode, layout, spec)
        reduced = reduce_predictions(
            mode,
            found.predictions,
            set_size=layout.images_together,
            seed=spec.seed,
            tie_rule=check_tie_rule(spec.tie_rule),
        )
        return Record(
            checkpoint_sha256=about.checkpoint.sha256,
            data_sha256=about.data.sha256,
            order=about.order,
            limit=about.limit,
            seed=cell.seed,
            **cell.options._asdict(),
            **cell.condition.to_json(),
            num_groups=found.predictions.num_groups,
            total=len(found.predictions),
            correct=int(reduced.correct.sum()),
            expected_correct=reduced.expected_correct,
            expected_sd=reduced.expected_sd,
            ties=reduced.ties,
            refills=-len(found.predictions) % layout.images_together,
            running_layers=found.measured.running_layers,
            **(found.meaning._asdict() if found.meaning else {}),
            nll=reduced.nll,
            ece=reduced.ece,
            images_sha256=found.seen.digest,
            seconds=round(found.measured.seconds, 3),
            versions=about.versions,
        )
