"""What a network says about single pictures, mode by mode."""

from __future__ import annotations

from collections.abc import Iterator
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
from robustbench_ln.evaluation.device_batch import choose_device_batch
from robustbench_ln.evaluation.from_logits import predict
from robustbench_ln.evaluation.inputs import network_chunks
from robustbench_ln.evaluation.pass_run import Work, check_logits
from robustbench_ln.evaluation.plan import Pass, make_passes
from robustbench_ln.evaluation.sets import SetRunner
from robustbench_ln.evaluation.subject import Subject, check_images
from robustbench_ln.evaluation.supported_modes import choose_modes
from robustbench_ln.evaluation.view import make_view
from robustbench_ln.modes import Mode
from robustbench_ln.norms import find_norm_layers
from robustbench_ln.norms.costs import measure_costs
from robustbench_ln.runs.reduction import pick_groups, reduce_votes
from robustbench_ln.spec import CLEAN, EvaluationSpec, check_tie_rule

__all__ = ["Guess", "ModeGuesses", "predict_pictures"]

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
        guesses: For each picture the five best classes, first the mode's prediction; then by votes,
            if any, and by probability.
    """

    mode: Mode
    num_groups: int
    set_size: int | None
    guesses: tuple[tuple[Guess, ...], ...]


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
    check_images(subject, images)
    height, width, channels = images.shape
    shape = (channels, height, width)
    layers = find_norm_layers(subject.model, shape, subject.norm_classes)
    modes = choose_modes(spec.modes, layers, shape)
    work = Work(subject, images, np.arange(len(images)))
    pixels = sample_pixels(images, work.indices)
    probe = make_probe(subject, layers, spec, pixels=pixels, shape=images.shape)
    spec = replace(spec, outputs=find_outputs(probe))
    said = {}
    with arithmetic(spec):
        for one_pass in make_passes(modes, spec, len(images)):
            logits = torch.cat(list(_run_pass(one_pass, work, spec)), dim=1)
            for mode in one_pass.modes:
                said[mode.name] = _guess(mode, logits, one_pass.layout.set_size, spec)
    return tuple(said[mode.name] for mode in modes)


def _run_pass(one_pass: Pass, work: Work, spec: EvaluationSpec) -> Iterator[Tensor]:
    """Yield logits [G, n, K] of consecutive pictures."""
    height, width, channels = work.images.shape
    layout, shape = one_pass.layout, (channels, height, width)
    view = make_view(work.subject, layout, spec, shape)
    is_cpu = torch.device(spec.device).type == "cpu"
    costs = measure_costs(work.subject.model, shape)
    batch = choose_device_batch(layout, costs, spec, is_cpu=is_cpu)
    refills = work.indices[: -len(work.indices) % (layout.set_size or 1)]
    chunks = network_chunks(
        work.images,
        np.concatenate([work.indices, refills]),
        CLEAN,
        options=StreamOptions(seed=spec.seed),
        normalization=work.subject.normalization,
    )
    runner = SetRunner(view, sets=batch.sets)
    done = 0
    for block in _blocks(runner, (chunk.images.to(spec.device) for chunk in chunks)):
        indices = work.indices[done : done + block.shape[1]]
        logits = block[:, : len(indices)]
        check_logits(logits, work, indices, layout_name=layout.name)
        done += len(indices)
        yield logits


def _blocks(runner: SetRunner, chunks: Iterator[Tensor]) -> Iterator[Tensor]:
    for chunk in chunks:
        yield from runner.feed(chunk)
    yield from runner.finish()


def _guess(mode: Mode, logits: Tensor, set_size: int | None, spec: EvaluationSpec) -> ModeGuesses:
    num_groups, num_images, num_classes = logits.shape
    positions = np.arange(num_images)
    # The pictures have no labels; nothing that is read from these predictions depends on any.
    predictions = predict(logits, image_index=positions, labels=np.zeros(num_images, np.int64))
    probability = logits.double().softmax(dim=-1).numpy()  # [G, N, K]
    votes = None
    if mode.reduction == "vote":
        groups = reduce_votes(
            predictions, seed=spec.seed, tie_rule=check_tie_rule(spec.tie_rule)
        ).winner
        votes = (predictions.class_index[..., None] == np.arange(num_classes)).sum(axis=0)  # [N, K]
        chosen = probability.mean(axis=0)
    else:
        groups = np.zeros(num_images, np.int64)
        if mode.reduction == "pick":
            groups = pick_groups(predictions, set_size=set_size or 1, seed=spec.seed)
        chosen = probability[groups, positions]
    winners = predictions.class_index[groups, positions]
    return ModeGuesses(
        mode,
        num_groups,
        set_size,
        tuple(
            _rank(chosen[i], None if votes is None else votes[i], winner=int(winners[i]))
            for i in positions
        ),
    )


def _rank(
    probability: NDArray[np.float64], votes: NDArray[np.int64] | None, *, winner: int
) -> tuple[Guess, ...]:
    """Return the best classes of one picture: the winner, then by votes, then by probability."""
    counts = np.zeros(len(probability), np.int64) if votes is None else votes
    is_other = np.arange(len(probability)) != winner
    order = np.lexsort((-probability, -counts, is_other))[:NUM_GUESSES]
    return tuple(
        Guess(int(k), float(probability[k]), None if votes is None else int(votes[k]))
        for k in order
    )
