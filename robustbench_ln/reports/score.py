"""Votes counted again from stored predictions: other tie rules, fewer voters, their agreement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from robustbench_ln.errors import SpecError
from robustbench_ln.metrics.calibration import calibration_error
from robustbench_ln.metrics.class_order import is_class_ordered
from robustbench_ln.metrics.student import mean_bounds
from robustbench_ln.modes import MODES
from robustbench_ln.runs.outcomes import read_checked
from robustbench_ln.runs.predictions import Predictions, take_groups
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.reduction import reduce_votes
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.spec import Condition, TieRule, check_tie_rule

__all__ = ["Agreement", "Count", "VoteScore", "score_frame", "score_mode", "voting_modes"]


class Count(NamedTuple):
    """One way to count the votes."""

    num_votes: int
    tie_rule: TieRule


class Agreement(NamedTuple):
    """How far the share of groups that agree says whether they are right. All of 0..1.

    Attributes:
        mean: Mean share of groups that vote for the winner.
        ece: Expected calibration error of that share, 15 equal bins.
        auroc: Probability that a right image has the larger share than a wrong one, ties counted
            half; NaN where all are right, or all wrong.
        unanimous: Share of images on which all groups agree.
        unanimous_accuracy: Accuracy on those; NaN where there are none.
    """

    mean: float
    ece: float
    auroc: float
    unanimous: float
    unanimous_accuracy: float


class VoteScore(NamedTuple):
    """One condition, counted in several ways.

    Attributes:
        correct: Way -> [N], whether each image was right.
        ties: Way -> number of tied images.
        agreement: Agreement of all groups.
        is_class_ordered: Whether the images came class by class in the mode's statistics sets.
    """

    correct: Mapping[Count, NDArray[np.bool_]]
    ties: Mapping[Count, int]
    agreement: Agreement
    is_class_ordered: bool

    @property
    def total(self) -> int:
        """N."""
        return len(next(iter(self.correct.values())))


def voting_modes(modes: Iterable[ModeResults]) -> list[ModeResults]:
    """Return those that vote.

    Raises:
        SpecError: None does.
    """
    modes = list(modes)
    voting = [mode for mode in modes if MODES[mode.any_record.mode].reduction == "vote"]
    if not voting:
        raise SpecError(
            f"{modes[0].run.path} has no voting mode (it has "
            f"{', '.join(mode.variant for mode in modes)}); evaluate ln-voting or ln-single-voting"
        )
    return voting


def score_mode(mode: ModeResults) -> dict[Condition, VoteScore]:
    """Count the votes of a mode again, under every condition, for every number of votes.

    The rule "logit-sum" needs the logits of all groups, of which the sum alone is kept: it is there
    for all votes only.

    Raises:
        RecordError: Predictions are missing or damaged, or are not those of their rows.
    """
    scores = {
        read.condition: _score(read.predictions, mode.cells[read.condition].record, mode.set_size)
        for read in read_checked([mode])
    }
    return {condition: scores[condition] for condition in mode.cells}


def _score(predictions: Predictions, record: Record, set_size: int) -> VoteScore:
    correct, ties = {}, {}
    all_votes = predictions.num_groups
    rules: tuple[TieRule, ...] = get_args(TieRule)
    for num_votes in range(1, all_votes + 1):
        chosen = take_groups(predictions, num_votes)
        for rule in rules:
            if rule == "logit-sum" and num_votes < all_votes:
                continue
            vote = reduce_votes(chosen, seed=record.seed, tie_rule=rule)
            count = Count(num_votes, rule)
            correct[count] = vote.class_index == chosen.labels
            ties[count] = int(vote.is_tied.sum())
    is_ordered = is_class_ordered(predictions.labels, set_size)
    return VoteScore(correct, ties, _agreement(predictions, record), is_ordered)


def _agreement(predictions: Predictions, record: Record) -> Agreement:
    rule = check_tie_rule(record.tie_rule or "random")
    winners = reduce_votes(predictions, seed=record.seed, tie_rule=rule).class_index
    share = (predictions.class_index == winners).mean(axis=0)
    is_right = winners == predictions.labels
    unanimous = share == 1
    return Agreement(
        mean=float(share.mean()),
        ece=calibration_error(share, is_right),
        auroc=_auroc(share[is_right], share[~is_right]),
        unanimous=float(unanimous.mean()),
        unanimous_accuracy=float(is_right[unanimous].mean()) if unanimous.any() else float("nan"),
    )


def _auroc(right: NDArray[np.float64], wrong: NDArray[np.float64]) -> float:
    if not len(right) or not len(wrong):
        return float("nan")
    return float(stats.mannwhitneyu(right, wrong).statistic / (len(right) * len(wrong)))


def score_frame(
    scored: Sequence[tuple[ModeResults, Mapping[Condition, VoteScore]]],
) -> pd.DataFrame:
    """Return a row for each mode, condition and way to count."""
    rows: list[dict[str, Any]] = []
    for mode, scores in scored:
        for condition, score in scores.items():
            for count, correct in score.correct.items():
                low, high = mean_bounds(correct, mode.units).pick() or (None, None)
                rows.append(
                    {"label": mode.run.label, "mode": mode.variant}
                    | condition.to_json()
                    | {"votes": count.num_votes, "tie_rule": count.tie_rule}
                    | {"total": score.total, "correct": correct.sum()}
                    | {"ties": score.ties[count], "accuracy": correct.mean()}
                    | {"low": low, "high": high, "units": mode.units.num_units}
                    | {f"agreement_{n}": value for n, value in score.agreement._asdict().items()}
                )
    return pd.DataFrame(rows)
