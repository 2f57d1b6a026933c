"""The one loop over conditions: degrade, run every pass, reduce, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from operator import not_
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corrupted_sets.reader import StoredSet
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.data.oddities import find_oddities
from robustbench_ln.errors import Message, setting
from robustbench_ln.evaluation.arithmetic import arithmetic
from robustbench_ln.evaluation.checks import RunChecks
from robustbench_ln.evaluation.from_logits import predict
from robustbench_ln.evaluation.pass_run import Measured, Views, Work, make_views, run_passes
from robustbench_ln.evaluation.plan import Pass, cell_of, missing_modes, plan_passes
from robustbench_ln.evaluation.sets import evaluation_order
from robustbench_ln.evaluation.subject import Subject, describe_run
from robustbench_ln.modes import Mode
from robustbench_ln.progress import Progress, Silent
from robustbench_ln.rng import stream
from robustbench_ln.runs.description import RunDescription
from robustbench_ln.runs.predictions import Predictions, join_predictions, prediction_name
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.reduction import reduce_predictions
from robustbench_ln.runs.writing import RunDirectory
from robustbench_ln.spec import CLEAN, Condition, EvaluationSpec, check_tie_rule

__all__ = ["evaluate"]

_NEW_DIGEST = Message(
    f"Note: this run does not say of which code of {setting('model')} its rows are; from now on it "
    "does, and other code is refused"
)


def evaluate(
    subject: Subject,
    images: ImageSet | StoredSet,
    spec: EvaluationSpec,
    *,
    out: Path,
    progress: Progress | None = None,
) -> list[Record]:
    """Measure every missing cell of a run, and return all rows of its directory.

    Args:
        subject: The network.
        images: The test images; or a corrupted set, with its clean ones where it has them.
        spec: Modes, conditions (beside those of a corrupted set), and how.
        out: The run directory; made, or continued.
        progress: Display that shows how far the job is; None shows nothing.

    Raises:
        SpecError: The network cannot be evaluated in a mode that was named.
        DataError: The images do not fit the network.
        CheckpointError: The network gives no finite logits.
        RecordError: The directory holds another run, is in use, or cannot be written.
    """
    progress = progress or Silent()
    stored: Mapping[Condition, ImageSet] = {}
    is_clean = not isinstance(images, StoredSet) or images.has_clean
    if isinstance(images, StoredSet):
        spec = replace(spec, conditions=images.join_conditions(spec.conditions))
        stored, images = images.images, images.base
    spec = replace(spec, group_size=spec.group_size or subject.group_size)
    plan = plan_passes(subject, images, spec)
    indices = evaluation_order(len(images), order=spec.order, seed=spec.seed, limit=spec.limit)
    work = Work(subject, images, indices)
    for line in find_oddities(images):
        progress.note(f"Note: {line}")
    about = describe_run(subject, images, spec, progress=progress)
    with RunDirectory(out, about) as run:
        if run.gains_code:
            progress.note(_NEW_DIGEST)
        checks = RunChecks(run, subject, images, stored=stored, progress=progress)
        sizes = [p.layout.set_size or 1 for p in plan.passes]
        spec = checks.before(
            spec, layers=plan.layers, indices=indices, set_sizes=sizes, is_clean=is_clean
        )
        views = make_views(subject, images, plan.passes, spec)
        jobs = [
            _Job(_reorder(work, seed, spec), stored, replace(spec, seed=seed), views, run, about)
            for seed in range(spec.seed, spec.seed + spec.repeats)
        ]
        with arithmetic(spec):
            _run_jobs(jobs, progress, after_clean=lambda: checks.after_clean(spec))
        return list(run.records)


def _reorder(work: Work, seed: int, spec: EvaluationSpec) -> Work:
    """Return the work of a repeat: the same images, in another order where it is random."""
    if seed == spec.seed or spec.order == "as-is":
        return work
    return work._replace(indices=stream(seed, "order").permutation(np.sort(work.indices)))


class _Todo(NamedTuple):
    """What one seed has no row of yet under one condition."""

    job: _Job
    condition: Condition
    missing: dict[Pass, tuple[Mode, ...]]


def _run_jobs(jobs: Sequence[_Job], progress: Progress, *, after_clean: Callable[[], None]) -> None:
    """Measure condition by condition; what is already recorded is not measured again.

    The first seed's clean cell comes first, and `after_clean` once it is there.
    """
    todo = [_Todo(job, *one) for job in jobs for one in job.find_missing().items()]
    passes = [one for each in todo for one in each.missing.items()]
    num_groups = jobs[0].num_groups
    progress.start(
        cells=sum(len(modes) for _, modes in passes),
        image_passes=len(jobs[0].work.indices) * sum(num_groups[p] for p, _ in passes),
    )
    is_first = [each.job is jobs[0] and each.condition == CLEAN for each in todo]
    for each in compress(todo, is_first):
        _measure(each, jobs[0], progress)
    after_clean()
    for each in compress(todo, map(not_, is_first)):
        _measure(each, jobs[0], progress)


def _measure(each: _Todo, first: _Job, progress: Progress) -> None:
    job, condition, missing = each
    repeat = "" if job is first else f", seed {job.spec.seed}"
    progress.describe(f"{condition.corruption} {condition.severity:g}{repeat}")
    job.measure(condition, missing, progress)


@dataclass(frozen=True, slots=True)
class _Job:
    """One seed of a call of `evaluate`, with everything that its cells share."""

    work: Work
    stored: Mapping[Condition, ImageSet]
    spec: EvaluationSpec
    views: Views
    directory: RunDirectory
    description: RunDescription

    @property
    def num_groups(self) -> dict[Pass, int]:
        """Forward passes that each image takes."""
        return {p: view.num_groups for p, view in self.views.items()}

    def find_missing(self) -> dict[Condition, dict[Pass, tuple[Mode, ...]]]:
        """Return the modes that have no row yet, by condition and pass."""
        missing = {condition: self._missing(condition) for condition in self.spec.conditions}
        return {condition: passes for condition, passes in missing.items() if passes}

    def _missing(self, condition: Condition) -> dict[Pass, tuple[Mode, ...]]:
        done = self.directory.cells
        missing = {p: missing_modes(p, condition, done, self.spec) for p in self.views}
        return {p: modes for p, modes in missing.items() if modes}

    def measure(
        self,
        condition: Condition,
        missing: dict[Pass, tuple[Mode, ...]],
        progress: Progress,
    ) -> None:
        """Run the passes over the images of a condition, and write what they gave."""
        images = self.stored[condition] if condition.is_stored else self.work.images

        def keep(logits: Tensor, indices: NDArray[np.int64]) -> Predictions:
            progress.advance(logits.shape[0] * logits.shape[1])
            labels, classes = images.labels[indices], self.spec.classes
            return predict(logits, image_index=indices, labels=labels, classes=classes)

        for p, measured in run_passes(
            {p: self.views[p] for p in missing},
            self.work._replace(images=images),
            condition,
            spec=self.spec,
            keep=keep,
        ):
            predictions = join_predictions(measured.parts)
            rows = [self._record(condition, p, mode, measured, predictions) for mode in missing[p]]
            name = prediction_name(rows[0].cell, first_seed=self.description.seed)
            self.directory.write_predictions(name, predictions, measured.seen)
            self.directory.append(rows)
            progress.finish_cells(len(rows))

    def _record(
        self,
        condition: Condition,
        one_pass: Pass,
        mode: Mode,
        measured: Measured[Predictions],
        predictions: Predictions,
    ) -> Record:
        layout, spec, about = one_pass.layout, self.spec, self.description
        cell = cell_of(condition, mode, layout, spec)
        reduced = reduce_predictions(
            mode,
            predictions,
            set_size=layout.set_size or 1,
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
            num_groups=predictions.num_groups,
            total=len(predictions),
            correct=int(reduced.correct.sum()),
            expected_correct=reduced.expected_correct,
            expected_sd=reduced.expected_sd,
            ties=reduced.ties,
            refills=measured.refills,
            running_layers=self.views[one_pass].running_layers,
            **(measured.meaning._asdict() if measured.meaning else {}),
            nll=reduced.nll,
            ece=reduced.ece,
            images_sha256=measured.seen.digest,
            seconds=round(measured.seconds, 3),
            versions=about.versions,
        )
