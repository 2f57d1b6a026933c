"""From the predictions of all groups to one prediction an image, and its exact expectation."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.metrics.calibration import calibration_error
from robustbench_ln.modes import Mode
from robustbench_ln.rng import stream
from robustbench_ln.runs.predictions import Predictions
from robustbench_ln.spec import TieRule

__all__ = ["Reduced", "Vote", "pick_groups", "reduce_predictions", "reduce_votes"]


class Reduced(NamedTuple):
    """One prediction an image.

    Attributes:
        class_index: [N] predicted class.
        correct: [N] whether it is the label.
        confidence: [N] probability of it, 0..1; under voting its mean over the groups.
        ties: Images whose vote was tied.
        expected_correct: Expectation of the number of correct images over the random group; None
            where no group is random.
        expected_sd: Standard deviation of the same.
        nll: Mean negative log-likelihood of the labels; of the mean probability under voting.
        ece: Expected calibration error, 0..1.
    """

    class_index: NDArray[np.int32]
    correct: NDArray[np.bool_]
    confidence: NDArray[np.float32]
    ties: int
    expected_correct: float | None
    expected_sd: float | None
    nll: float
    ece: float


class Vote(NamedTuple):
    """The winner of each image.

    Attributes:
        class_index: [N] the winning class.
        winner: [N] a group that predicted it.
        is_tied: [N] whether several classes had the most votes.
    """

    class_index: NDArray[np.int32]
    winner: NDArray[np.int64]
    is_tied: NDArray[np.bool_]


def reduce_predictions(
    mode: Mode, predictions: Predictions, *, set_size: int, seed: int, tie_rule: TieRule
) -> Reduced:
    """Return the predictions of a mode.

    Args:
        mode: Says how.
        predictions: Predictions of all groups, under the mode's layout.
        set_size: Images that share statistics; a random group is drawn for each such set.
        seed: Seed of the run; decides picks and ties, by image and not by position.
        tie_rule: Rule for tied votes.
    """
    ties = 0
    expected: float | None = None
    expected_sd: float | None = None
    if mode.reduction == "vote":
        vote = reduce_votes(predictions, seed=seed, tie_rule=tie_rule)
        groups, ties = vote.winner, int(vote.is_tied.sum())
    elif mode.reduction == "pick":
        groups = pick_groups(predictions, set_size=set_size, seed=seed)
        expected, expected_sd = _expect_correct(predictions, set_size=set_size)
    else:
        groups = np.zeros(len(predictions), dtype=np.int64)
    is_vote = mode.reduction == "vote"
    of_groups = predictions.class_mean_probability if is_vote else predictions.top1_probability
    confidence = _of_group(of_groups, groups)
    class_index = _of_group(predictions.class_index, groups)
    correct = class_index == predictions.labels
    return Reduced(
        class_index,
        correct,
        confidence,
        ties,
        expected_correct=expected,
        expected_sd=expected_sd,
        nll=-float(_label_log_probability(predictions, groups, is_vote=is_vote).mean()),
        ece=calibration_error(confidence, correct),
    )


def reduce_votes(predictions: Predictions, *, seed: int, tie_rule: TieRule) -> Vote:
    """Return the class with the most votes of the groups.

    Ties: "random": one of the tied classes, by the image's own draw (the papers). "lowest": the
    tied class with the lowest index (the released code). "logit-sum": the tied class with the
    largest logit summed over all groups.
    """
    classes = predictions.class_index  # [G, N]
    votes = (classes[:, None] == classes[None]).sum(axis=1)  # [G, N]: votes for g's class
    leads = votes == votes.max(axis=0)
    # Each class once: the first group that leads with it.
    repeats = np.tril(np.ones((len(classes), len(classes)), dtype=bool), k=-1)
    is_repeat = ((classes[:, None] == classes[None]) & repeats[:, :, None]).any(axis=1)
    leads &= ~is_repeat
    num_leaders = leads.sum(axis=0)
    rank = np.zeros(len(predictions), dtype=np.int64)
    if tie_rule == "random":
        draws = _draw_per_image(predictions.image_index, seed, "tie")
        rank = (draws * num_leaders).astype(np.int64)
    if tie_rule == "logit-sum":
        winner = np.where(leads, predictions.class_logit_sum, -np.inf).argmax(axis=0)
    else:
        ranked = np.where(leads, classes, np.iinfo(np.int32).max)
        winner = _of_group(np.argsort(ranked, axis=0, kind="stable"), rank)
    return Vote(_of_group(classes, winner), winner, num_leaders > 1)


def pick_groups(predictions: Predictions, *, set_size: int, seed: int) -> NDArray[np.int64]:
    """Return [N]: a random group for each set, drawn by the set's first image."""
    first = np.arange(len(predictions)) // set_size * set_size
    draws = _draw_per_image(predictions.image_index, seed, "group")[first]
    return (draws * predictions.num_groups).astype(np.int64)


def _draw_per_image(image_index: NDArray[np.int64], seed: int, what: str) -> NDArray[np.float64]:
    """Return [N] U[0, 1): image i has value i of one stream, whatever else is evaluated."""
    return stream(seed, what).random(int(image_index.max()) + 1)[image_index]


def _expect_correct(predictions: Predictions, *, set_size: int) -> tuple[float, float]:
    """Return mean and SD of the number of correct images over independent picks, one a set.

    The mean is the sum over images of the share of groups that are right; the variance is the sum
    over sets of the population variance, over groups, of the set's number of right images.
    """
    correct = predictions.class_index == predictions.labels  # [G, N]
    starts = np.arange(0, len(predictions), set_size)
    per_set = np.add.reduceat(correct.astype(np.int64), starts, axis=1)  # [G, S]
    return float(per_set.mean(axis=0).sum()), math.sqrt(per_set.var(axis=0).sum())


def _label_log_probability(
    predictions: Predictions, groups: NDArray[np.int64], *, is_vote: bool
) -> NDArray[np.float64]:
    values = predictions.label_log_probability.astype(np.float64)
    if is_vote:
        return np.asarray(np.logaddexp.reduce(values, axis=0) - math.log(len(values)))
    return _of_group(values, groups)


def _of_group(values: NDArray[Any], groups: NDArray[np.int64]) -> NDArray[Any]:
    chosen: NDArray[Any] = np.take_along_axis(values, groups[None], axis=0)[0]
    return chosen
