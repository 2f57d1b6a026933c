"""Votes counted again, as tables for terminals and Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import get_args

from robustbench_ln.reports.families import clean_of, group_families
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import general, percent
from robustbench_ln.reports.score import Count, VoteScore
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.spec import Condition, TieRule

__all__ = ["score_grids"]

Scores = Mapping[Condition, VoteScore]
Columns = Mapping[str, Callable[[VoteScore], float]]


def score_grids(
    mode: ModeResults, scores: Scores, *, rule: TieRule, votes: Sequence[int]
) -> dict[str, Grid]:
    """Return title -> table: tie rules, numbers of votes, and agreement.

    Args:
        mode: The mode.
        scores: Its conditions.
        rule: Of the numbers of votes.
        votes: The numbers to show.
    """
    most = max(count.num_votes for score in scores.values() for count in score.correct)
    rules: tuple[TieRule, ...] = get_args(TieRule)
    by_rule: Columns = {
        "tied %": lambda score: score.ties[Count(most, "random")] / score.total,
        **{name: partial(_accuracy, Count(most, name)) for name in rules},
    }
    by_votes = {f"{n} vote{'s' * (n > 1)}": partial(_accuracy, Count(n, rule)) for n in votes}
    agreement: Columns = {
        "mean agreement %": lambda score: score.agreement.mean,
        "ECE %": lambda score: score.agreement.ece,
        "AUROC %": lambda score: score.agreement.auroc,
        "unanimous %": lambda score: score.agreement.unanimous,
        "accuracy of those %": lambda score: score.agreement.unanimous_accuracy,
    }
    return {
        f"{mode.name}: accuracy in % by tie rule": _grid(scores, by_rule),
        f"{mode.name}: accuracy in % by number of votes, ties {rule}": _grid(scores, by_votes),
        f"{mode.name}: agreement of the groups as a confidence": _grid(scores, agreement),
    }


def _accuracy(count: Count, score: VoteScore) -> float:
    """Return an accuracy; NaN where votes cannot be counted so."""
    return score.correct.get(count, math.nan) / score.total


def _grid(scores: Scores, columns: Columns) -> Grid:
    """Return percentages: of each noise at each sigma, of corruptions their means."""
    clean = clean_of(scores)
    rows = {} if clean is None else {"clean": [clean]}
    for family, members in group_families(scores).items():
        if family.has_means:
            rows |= family.pools(members)
        else:
            rows |= {f"{c.corruption} {general(c.severity)}": [c] for c in members}
    lines = [
        (name, *(percent(fmean(read(scores[c]) for c in chosen)) for read in columns.values()))
        for name, chosen in rows.items()
    ]
    return Grid(("", *columns), tuple(lines))
