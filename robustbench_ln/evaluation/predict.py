"""What a network says about single pictures, mode by mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.corruptions.stream import StreamOptions
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.evaluation.arithmetic import arithmetic
from robustbench_ln.evaluation.checks import find_outputs, make_probe, sample_pixels
from robustbench_ln.evaluation.degraded_copies import Degradation, DegradedImages
from robustbench_ln.evaluation.device_batch import choose_device_batch
from robustbench_ln.evaluation.from_logits import predict
from robustbench_ln.evaluation.pass_run import Work, make_views, run_passes
from robustbench_ln.evaluation.plan import plan_passes
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.modes import Mode
from robustbench_ln.norms.costs import measure_costs
from robustbench_ln.runs.reduction import pick_groups, reduce_votes
from robustbench_ln.spec import CLEAN, EvaluationSpec, check_tie_rule

__all__ = ["Copies", "Guess", "ModeGuesses", "predict_copies", "predict_pictures"]

NUM_GUESSES = 5


class Guess(NamedTuple):
    """One class that a mode considers.

    Attributes:
        class_index: Which.
        probability: Softmax; of the mode's group, or under voting the mean of all groups.
        votes: Groups that predict it; None where nothing is voted on.
    """

    class_index: int
    probability: float
    votes: int | None


class ModeGuesses(NamedTuple):
    """What one mode says.

    Attributes:
        mode: The mode.
        num_groups: Groups of LocalNorm parameters; 1 without LocalNorm.
        set_size: Pictures that share statistics; None where the statistics are the network's own.
        guesses: The five best classes of each picture, first the mode's prediction; then by votes,
            if any, and by probability.
    """

    mode: Mode
    num_groups: int
    set_size: int | None
    guesses: tuple[tuple[Guess, ...], ...]


class Copies(NamedTuple):
    """All pictures in one degradation, or as they are, and what each mode says.

    Attributes:
        degradation: What was done to them; None for the pictures as they are.
        images: The pictures as the network saw them.
        said: Of each mode; sets are of these copies alone.
    """

    degradation: Degradation | None
    images: ImageSet
    said: tuple[ModeGuesses, ...]


def predict_copies(
    subject: Subject,
    images: ImageSet,
    spec: EvaluationSpec,
    *,
    degrade: Sequence[Degradation] = (),
) -> tuple[Copies, ...]:
    """Return what each mode says of the pictures as they are, then of each degradation's copies.

    Raises:
        LnBenchError: As `predict_pictures` does.
    """
    copies = [(None, images), *((d, DegradedImages(images, d)) for d in degrade)]
    return tuple(Copies(d, shown, predict_pictures(subject, shown, spec)) for d, shown in copies)


def predict_pictures(
    subject: Subject, images: ImageSet, spec: EvaluationSpec
) -> tuple[ModeGuesses, ...]:
    """Return what each mode says about each picture; modes in the table's order.

    Args:
        subject: The network.
        images: The pictures. Their labels are not used.
        spec: Modes, and how; sets are consecutive pictures.

    Raises:
        SpecError: The network cannot be evaluated in a mode that was named.
        DataError: The pictures do not fit the network, or cannot be read.
        CheckpointError: The network gives no finite logits.
    """
    plan = plan_passes(subject, images, spec)
    work = Work(subject, images, np.arange(len(images)))
    pixels = sample_pixels(images, work.indices)
    probe = make_probe(subject, plan.layers, spec, pixels=pixels, shape=images.shape)
    spec = replace(spec, outputs=find_outputs(probe))
    costs = measure_costs(subject.model, images.shape.as_input)
    batches = {p: choose_device_batch(p.layout, costs, spec) for p in plan.passes}
    views = make_views(subject, images, batches, spec)
    said = {}
    with arithmetic(spec):
        passed = run_passes(
            views, work, CLEAN, options=StreamOptions(seed=spec.seed), keep=lambda logits, _: logits
        )
        for p, measured in passed.measured.items():
            logits = torch.cat(measured.parts, dim=1)
            for mode in p.modes:
                said[mode.name] = _guess(mode, logits, p.layout.set_size, spec)
    return tuple(said[mode.name] for mode in plan.modes)


class Ranked(NamedTuple):
    """The five best classes of some images: the mode's prediction, then by votes, by probability.

    Attributes:
        classes: [N, 5], or fewer of a network with fewer classes.
        probability: [N, K] of the mode.
        votes: [N, K]; None where nobody votes.
    """

    classes: NDArray[np.int64]
    probability: NDArray[np.float64]
    votes: NDArray[np.int64] | None


def rank_classes(
    mode: Mode, logits: Tensor, positions: NDArray[np.int64], *, set_size: int, spec: EvaluationSpec
) -> Ranked:
    """Return the best classes of images without labels.

    Args:
        mode: The mode.
        logits: [G, N, K] of whole sets.
        positions: [N] of the images in their set of images, for picks and ties.
        set_size: Images of one draw of a random group.
        spec: Seed and tie rule.
    """
    num_images, num_classes = logits.shape[1:]
    # The images have no labels; nothing that is read from these predictions depends on any.
    predictions = predict(logits, image_index=positions, labels=np.zeros(num_images, np.int64))
    probability = logits.double().softmax(dim=-1).numpy()  # [G, N, K]
    rows, votes = np.arange(num_images), None
    if mode.reduction == "vote":
        groups = reduce_votes(
            predictions, seed=spec.seed, tie_rule=check_tie_rule(spec.tie_rule)
        ).winner
        votes = (predictions.class_index[..., None] == np.arange(num_classes)).sum(axis=0)  # [N, K]
        chosen = probability.mean(axis=0)
    else:
        groups = np.zeros(num_images, np.int64)
        if mode.reduction == "pick":
            groups = pick_groups(predictions, set_size=set_size, seed=spec.seed)
        chosen = probability[groups, rows]
    winners = predictions.class_index[groups, rows]
    counts = np.zeros_like(chosen, dtype=np.int64) if votes is None else votes
    is_other = np.arange(num_classes) != winners[:, None]
    order = np.lexsort((-chosen, -counts, is_other), axis=-1)[:, :NUM_GUESSES]
    return Ranked(order, chosen, votes)


def _guess(mode: Mode, logits: Tensor, set_size: int | None, spec: EvaluationSpec) -> ModeGuesses:
    positions = np.arange(logits.shape[1])
    ranked = rank_classes(mode, logits, positions, set_size=set_size or 1, spec=spec)
    guesses = (_guesses_of(ranked, row) for row in range(len(positions)))
    return ModeGuesses(mode, len(logits), set_size, tuple(guesses))


def _guesses_of(ranked: Ranked, row: int) -> tuple[Guess, ...]:
    votes = ranked.votes
    return tuple(
        Guess(k, float(ranked.probability[row, k]), None if votes is None else int(votes[row, k]))
        for k in ranked.classes[row].tolist()
    )
