"""How stable a network's predictions are over perturbation sequences, in every mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corrupted_sets.sequences import FrameSet, is_noise
from robustbench_ln.corruptions.stream import StreamOptions
from robustbench_ln.errors import DataError
from robustbench_ln.evaluation.arithmetic import arithmetic
from robustbench_ln.evaluation.checks import find_outputs, make_probe, sample_pixels
from robustbench_ln.evaluation.device_batch import choose_device_batch
from robustbench_ln.evaluation.pass_run import Work, make_views, run_passes
from robustbench_ln.evaluation.plan import Pass, plan_passes
from robustbench_ln.evaluation.predict import rank_classes
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.metrics.flips import TOP, flip_shares, top5_distances
from robustbench_ln.norms.costs import measure_costs
from robustbench_ln.progress import Progress
from robustbench_ln.spec import CLEAN, EvaluationSpec

__all__ = ["Stability", "measure_flips"]


class Stability(NamedTuple):
    """One mode on the sequences of one perturbation.

    Attributes:
        perturbation: Its name.
        mode: Name of the mode.
        set_size: Frames that share statistics; None where the network's own are used.
        flips: [N] of each sequence, the share of comparisons in which the class changes.
        distances: [N] of each sequence, the mean top-5 distance; None below five classes.
    """

    perturbation: str
    mode: str
    set_size: int | None
    flips: NDArray[np.float64]
    distances: NDArray[np.float64] | None


def measure_flips(
    subject: Subject,
    sets: Sequence[FrameSet],
    spec: EvaluationSpec,
    *,
    step: int,
    progress: Progress,
) -> list[Stability]:
    """Measure every mode on every perturbation.

    Frames come sequence after sequence: sets of images are consecutive frames, as in a video.

    Args:
        subject: The network.
        sets: Perturbations.
        spec: Modes, and how; `limit` is a number of sequences.
        step: Frames from the earlier to the later one of a comparison, except under noise.
        progress: Display.

    Raises:
        SpecError: The network cannot be evaluated in a mode that was named.
        DataError: The frames do not fit the network, or sequences are too short.
    """
    found = []
    for one in sets:
        if not is_noise(one.name) and one.num_frames <= step:
            raise DataError(
                f"{one.name}: sequences of {one.num_frames} frames; expected {step + 1} or more"
            )
        progress.describe(one.name)
        found += _measure(subject, one, spec, step=step)
    return found


def _measure(
    subject: Subject, frames: FrameSet, spec: EvaluationSpec, *, step: int
) -> list[Stability]:
    images, num_frames = frames.images, frames.num_frames
    number = min(len(images) // num_frames, spec.limit or len(images)) * num_frames
    spec = replace(spec, limit=number, group_size=spec.group_size or subject.group_size)
    plan = plan_passes(subject, images, spec)
    indices = np.arange(number)
    pixels = sample_pixels(images, indices)
    probe = make_probe(subject, plan.layers, spec, pixels=pixels, shape=images.shape)
    spec = replace(spec, outputs=find_outputs(probe))
    costs = measure_costs(subject.model, images.shape.as_input)
    batches = {p: choose_device_batch(p.layout, costs, spec) for p in plan.passes}
    found = []
    with arithmetic(spec):
        for p, view in make_views(subject, images, batches, spec).items():
            passed = run_passes(
                {p: view},
                Work(subject, images, indices),
                CLEAN,
                options=StreamOptions(seed=spec.seed),
                keep=partial(_rank, p, spec),
            )
            parts = passed.measured[p].parts
            for number_of_mode, mode in enumerate(p.modes):
                ranked = np.concatenate([part[number_of_mode] for part in parts])
                by_frame = ranked.reshape(-1, num_frames, ranked.shape[-1])
                found.append(
                    _compare(frames.name, mode.name, p.layout.set_size, by_frame, step=step)
                )
    return found


def _rank(
    p: Pass, spec: EvaluationSpec, logits: Tensor, indices: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Return the best classes [n, 5] of a block in each mode of a pass."""
    size = p.layout.images_together
    return [rank_classes(m, logits, indices, set_size=size, spec=spec).classes for m in p.modes]


def _compare(
    name: str, mode: str, set_size: int | None, ranked: NDArray[np.int64], *, step: int
) -> Stability:
    noisy = is_noise(name)
    flips = flip_shares(ranked[..., 0], is_noise=noisy, step=step)
    distances = None
    if ranked.shape[-1] == TOP:
        distances = top5_distances(ranked, is_noise=noisy, step=step)
    assert all(math.isfinite(share) for share in flips)
    return Stability(name, mode, set_size, flips, distances)
