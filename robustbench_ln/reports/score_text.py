"""Votes counted again, as tables for terminals and Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import get_args

import numpy as np

from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.metrics.student import mean_bounds
from robustbench_ln.reports.captions import CLASS_ORDER, mean_sentences
from robustbench_ln.reports.families import clean_of, group_families
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import MISSING, estimate_text, general, percent
from robustbench_ln.reports.score import Count, VoteScore
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.spec import Condition, TieRule

__all__ = ["score_grids", "score_note"]

Scores = Mapping[Condition, VoteScore]
Columns = Mapping[str, Callable[[Sequence[VoteScore]], str]]
"""Head of a column -> what it shows of the conditions of a row."""


def score_note(mode: ModeResults, scores: Scores) -> str:
    """Return on how many images a mode was scored, and what its intervals rest on."""
    record = mode.any_record
    sentences = [f"{'' if record.limit is None else 'LIMITED '}n={record.total}."]
    sentences += mean_sentences({mode.name: (mode, mode.units)})
    if any(score.is_class_ordered for score in scores.values()):
        sentences.append(CLASS_ORDER)
    return " ".join(sentences)


def score_grids(
    mode: ModeResults, scores: Scores, *, rule: TieRule, votes: Sequence[int]
) -> dict[str, Grid]:
    """Return title -> table: tie rules, numbers of votes, and agreement.

    Args:
        mode: The mode.
        scores: Its conditions.
        rule: Tie rule for the table of numbers of votes.
        votes: The numbers to show.
    """
    most = max(count.num_votes for score in scores.values() for count in score.correct)
    accuracy = partial(_accuracy, mode)
    by_rule: Columns = {
        "tied %": partial(_mean, lambda score: score.ties[Count(most, "random")] / score.total),
        **{name: partial(accuracy, Count(most, name)) for name in get_args(TieRule)},
    }
    by_votes: Columns = {
        f"{n} vote{'s' * (n > 1)}": partial(accuracy, Count(n, rule)) for n in votes
    }
    agreement: Columns = {
        "mean agreement %": partial(_mean, lambda score: score.agreement.mean),
        "ECE %": partial(_mean, lambda score: score.agreement.ece),
        "AUROC %": partial(_mean, lambda score: score.agreement.auroc),
        "unanimous %": partial(_mean, lambda score: score.agreement.unanimous),
        "accuracy of those %": partial(_mean, lambda score: score.agreement.unanimous_accuracy),
    }
    words = "accuracy in % [95 % intervals]"
    return {
        f"{mode.name}: {words} by tie rule": _grid(scores, by_rule),
        f"{mode.name}: {words} by number of votes, ties {rule}": _grid(scores, by_votes),
        f"{mode.name}: agreement of the groups as a confidence": _grid(scores, agreement),
    }


def _accuracy(mode: ModeResults, count: Count, scores: Sequence[VoteScore]) -> str:
    """Return an accuracy and its interval; MISSING where votes cannot be counted so."""
    if not all(count in score.correct for score in scores):
        return MISSING
    correct = np.mean([score.correct[count] for score in scores], axis=0)  # [N]
    return estimate_text(Estimate(float(correct.mean()), mean_bounds(correct, mode.units).pick()))


def _mean(read: Callable[[VoteScore], float], scores: Sequence[VoteScore]) -> str:
    return percent(fmean(map(read, scores)))


def _grid(scores: Scores, columns: Columns) -> Grid:
    """Return percentages: of each noise at each sigma, of corruptions their means."""
    clean = clean_of(scores)
    rows = {} if clean is None else {"clean": [clean]}
    for family, members in group_families(scores).items():
        if family.has_severities:
            rows |= family.pools(members)
        else:
            rows |= {f"{c.corruption} {general(c.severity)}": [c] for c in members}
    lines = [
        (name, *(show([scores[c] for c in chosen]) for show in columns.values()))
        for name, chosen in rows.items()
    ]
    return Grid(("", *columns), tuple(lines))
