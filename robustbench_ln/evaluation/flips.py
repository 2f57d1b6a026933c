"""How stable a network's predictions are over perturbation sequences, in every mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corrupted_sets.sequences import FrameSet, is_noise
from robustbench_ln.corruptions.stream import StreamOptions
from robustbench_ln.errors import DataError
from robustbench_ln.evaluation.arithmetic import arithmetic
from robustbench_ln.evaluation.checks import find_outputs, make_probe, sample_pixels
from robustbench_ln.evaluation.device_batch import choose_device_batch
from robustbench_ln.evaluation.pass_run import Work, make_views, run_passes
from robustbench_ln.evaluation.plan import Pass, Plan, plan_passes
from robustbench_ln.evaluation.predict import rank_classes
from robustbench_ln.evaluation.subject import (
    Subject,
    describe_checkpoint,
    describe_normalization,
    versions,
)
from robustbench_ln.metrics.flips import TOP, count_comparisons, count_flips, sum_top5_distances
from robustbench_ln.modes import MODES
from robustbench_ln.norms import count_groups
from robustbench_ln.norms.costs import measure_costs
from robustbench_ln.progress import Progress
from robustbench_ln.runs.description import writable
from robustbench_ln.runs.stability import (
    Stability,
    StabilityCell,
    StabilityDescription,
    StabilityFolder,
)
from robustbench_ln.spec import CLEAN, EvaluationSpec

__all__ = ["SequenceRequest", "measure_flips"]


class SequenceRequest(NamedTuple):
    """Perturbation sequences, and how their frames are compared.

    Attributes:
        source: The sequences as the user named them.
        sets: Perturbations.
        difficulty: Frames from the earlier to the later one of a comparison, except under noise.
    """

    source: str
    sets: Sequence[FrameSet]
    difficulty: int = 1


def measure_flips(
    subject: Subject,
    request: SequenceRequest,
    spec: EvaluationSpec,
    *,
    out: Path | None = None,
    progress: Progress,
) -> list[Stability]:
    """Measure every mode on every perturbation, and return the rows, with all that `out` has.

    Frames come sequence after sequence: sets of images are consecutive frames, as in a video.

    Args:
        subject: The network.
        request: The sequences.
        spec: Modes, and how; `limit` is kept, the sets were opened with it.
        out: Folder that keeps each row as soon as it is there; None keeps none.
        progress: Display.

    Raises:
        SpecError: The network cannot be evaluated in a mode that was named.
        DataError: The frames do not fit the network, or sequences are too short or of unequal
            length.
        RecordError: The folder holds something else, or cannot be written.
    """
    jobs = [_plan(subject, frames, spec, request.difficulty) for frames in request.sets]
    if out is None:
        return _measure_all(subject, jobs, None, progress)
    with StabilityFolder(out, _describe(subject, request, jobs[0].spec, spec.limit)) as folder:
        return _measure_all(subject, jobs, folder, progress)


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """One perturbation: what is to be measured on it."""

    frames: FrameSet
    spec: EvaluationSpec
    plan: Plan
    difficulty: int

    def cells(self, p: Pass) -> list[StabilityCell]:
        """Return the cells that a pass fills."""
        sharing = "sliding" if p.layout.is_sliding else "sets"
        size = p.layout.set_size
        return [StabilityCell(self.frames.name, mode.name, size, sharing) for mode in p.modes]

    def num_groups(self, p: Pass) -> int:
        """Return how often a pass shows each frame to the network."""
        return 1 if p.layout.name == "running" else count_groups(self.plan.layers)


def _plan(subject: Subject, frames: FrameSet, spec: EvaluationSpec, difficulty: int) -> _Job:
    """Say what is to be measured, and refuse what cannot be."""
    if not is_noise(frames.name) and frames.num_frames <= difficulty:
        raise DataError(
            f"{frames.name}: sequences of {frames.num_frames} frames; expected {difficulty + 1} "
            "or more"
        )
    group_size = spec.group_size or subject.group_size
    spec = replace(spec, limit=len(frames.images), group_size=group_size)
    return _Job(frames, spec, plan_passes(subject, frames.images, spec), difficulty)


def _describe(
    subject: Subject, request: SequenceRequest, spec: EvaluationSpec, limit: int | None
) -> StabilityDescription:
    assert spec.group_size is not None
    return StabilityDescription(
        commands=(writable(subject.command),) if subject.command else (),
        source=writable(request.source),
        checkpoint=describe_checkpoint(subject),
        normalize=describe_normalization(subject),
        difficulty=request.difficulty,
        limit=limit,
        stat_batch=spec.stat_batch,
        group_size=spec.group_size,
        prior=spec.prior,
        seed=spec.seed,
        tie_rule=spec.tie_rule,
        device=torch.device(spec.device).type,
        versions=versions(),
    )


def _measure_all(
    subject: Subject, jobs: Sequence[_Job], folder: StabilityFolder | None, progress: Progress
) -> list[Stability]:
    """Return the rows of all jobs: those that the folder has, and new ones."""
    digests = [_check(job, folder, progress) for job in jobs]
    known: dict[StabilityCell, Stability] = {}
    if folder is not None:
        for job, digest in zip(jobs, digests, strict=True):
            known |= {row.cell: row for row in folder.find(job.frames.name, digest)}
    missing = [
        (job, digest, p)
        for job, digest in zip(jobs, digests, strict=True)
        for p in job.plan.passes
        if not known.keys() >= {*job.cells(p)}
    ]
    progress.start(
        cells=sum(len(p.modes) for _, _, p in missing),
        image_passes=sum(len(job.frames.images) * job.num_groups(p) for job, _, p in missing),
    )
    for job, digest, p in missing:
        progress.describe(job.frames.name)
        rows = _measure(subject, job, p, digest, progress)
        if folder is not None:
            folder.append([row for row in rows if row.cell not in known])
        known |= {row.cell: row for row in rows}
        progress.finish_cells(len(rows))
    return _sorted([*known.values()] if folder is None else folder.rows, jobs)


def _sorted(rows: Sequence[Stability], jobs: Sequence[_Job]) -> list[Stability]:
    """Return rows by perturbation, those of the jobs first, and by mode in the order of modes."""
    names = [job.frames.name for job in jobs]
    names += [row.perturbation for row in rows if row.perturbation not in names]
    modes = [*MODES]
    return sorted(
        rows, key=lambda row: (names.index(row.perturbation), modes.index(row.mode), row.sharing)
    )


def _check(job: _Job, folder: StabilityFolder | None, progress: Progress) -> str:
    """Demand sequences of equal length, and return the digest of their frames, if it is kept."""

    def tell(what: str, done: int, total: int) -> None:
        progress.describe(f"{job.frames.name}, {what}, {done} of {total}")

    job.frames.check(partial(tell, "heads of the videos"))
    return "none" if folder is None else job.frames.images.sha256(partial(tell, "digest"))


def _measure(
    subject: Subject, job: _Job, one_pass: Pass, digest: str, progress: Progress
) -> list[Stability]:
    images, spec = job.frames.images, job.spec
    indices = np.arange(len(images))
    probe = make_probe(
        subject,
        job.plan.layers,
        spec,
        pixels=sample_pixels(images, indices),
        shape=images.shape,
    )
    spec = replace(spec, outputs=find_outputs(probe))
    costs = measure_costs(subject.model, images.shape.as_input)
    batches = {one_pass: choose_device_batch(one_pass.layout, costs, spec)}

    def keep(logits: Tensor, positions: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        progress.advance(logits.shape[0] * logits.shape[1])
        size = one_pass.layout.images_together
        return [
            rank_classes(mode, logits, positions, set_size=size, spec=spec).classes
            for mode in one_pass.modes
        ]

    with arithmetic(spec):
        passed = run_passes(
            make_views(subject, images, batches, spec),
            Work(subject, images, indices),
            CLEAN,
            options=StreamOptions(seed=spec.seed),
            keep=keep,
        )
    blocks = zip(*passed.measured[one_pass].parts, strict=True)
    return [
        _compare(job, cell, np.concatenate(ranked), digest)
        for cell, ranked in zip(job.cells(one_pass), blocks, strict=True)
    ]


def _compare(job: _Job, cell: StabilityCell, ranked: NDArray[np.int64], digest: str) -> Stability:
    """Return the row of a mode from the best classes of each frame, [N x T, up to 5]."""
    num_frames, noisy = job.frames.num_frames, is_noise(job.frames.name)
    ranked = ranked.reshape(-1, num_frames, ranked.shape[-1])
    distances = None
    if ranked.shape[-1] == TOP:
        distances = sum_top5_distances(ranked, is_noise=noisy, step=job.difficulty).tolist()
    flips = count_flips(ranked[..., 0], is_noise=noisy, step=job.difficulty)
    return Stability(
        **cell._asdict(),
        frames_sha256=digest,
        num_frames=num_frames,
        comparisons=count_comparisons(num_frames, is_noise=noisy, step=job.difficulty),
        flips=tuple(flips.tolist()),
        distances=None if distances is None else tuple(distances),
    )
