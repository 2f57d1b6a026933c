"""Votes counted again, as tables for terminals and Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import get_args

from robustbench_ln.reports.families import clean_of, group_families
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import MISSING, fixed, percent
from robustbench_ln.reports.score import Count, VoteScore
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.spec import Condition, TieRule

__all__ = ["score_grids"]

Scores = Mapping[Condition, VoteScore]


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
    rows = _rows(scores)
    return {
        f"{mode.name}: accuracy in % by tie rule": _rule_grid(rows, scores),
        f"{mode.name}: accuracy in % by number of votes, ties {rule}": _votes_grid(
            rows, scores, rule, votes
        ),
        f"{mode.name}: agreement of the groups as a confidence": _agreement_grid(rows, scores),
    }


def _rows(scores: Scores) -> dict[str, list[Condition]]:
    """Return row name -> conditions that it is the mean over."""
    clean = clean_of(scores)
    rows = {} if clean is None else {"clean": [clean]}
    for family, members in group_families(scores).items():
        rows |= family.score_rows(members)
    return rows


def _rule_grid(rows: Mapping[str, list[Condition]], scores: Scores) -> Grid:
    rules: tuple[TieRule, ...] = get_args(TieRule)
    num_votes = _most(scores)
    lines = [
        (
            name,
            percent(
                fmean(scores[c].ties[Count(num_votes, "random")] / scores[c].total for c in chosen)
            ),
            *(_accuracy(scores, chosen, Count(num_votes, rule)) for rule in rules),
        )
        for name, chosen in rows.items()
    ]
    return Grid(("", "tied %", *rules), tuple(lines))


def _votes_grid(
    rows: Mapping[str, list[Condition]], scores: Scores, rule: TieRule, votes: Sequence[int]
) -> Grid:
    lines = [
        (name, *(_accuracy(scores, chosen, Count(number, rule)) for number in votes))
        for name, chosen in rows.items()
    ]
    return Grid(("", *(f"{number} vote{'s' * (number > 1)}" for number in votes)), tuple(lines))


def _agreement_grid(rows: Mapping[str, list[Condition]], scores: Scores) -> Grid:
    columns: dict[str, Callable[[VoteScore], float]] = {
        "mean agreement %": lambda score: 100 * score.agreement.mean,
        "ECE %": lambda score: 100 * score.agreement.ece,
        "AUROC %": lambda score: 100 * score.agreement.auroc,
        "unanimous %": lambda score: 100 * score.agreement.unanimous,
        "accuracy of those %": lambda score: 100 * score.agreement.unanimous_accuracy,
    }
    lines = [
        (name, *(_mean(read(scores[c]) for c in chosen) for read in columns.values()))
        for name, chosen in rows.items()
    ]
    return Grid(("", *columns), tuple(lines))


def _accuracy(scores: Scores, chosen: Sequence[Condition], count: Count) -> str:
    known = [
        scores[c].correct[count] / scores[c].total for c in chosen if count in scores[c].correct
    ]
    return percent(fmean(known)) if len(known) == len(chosen) else MISSING


def _mean(values: Iterable[float]) -> str:
    return fixed(fmean(values), 1)


def _most(scores: Scores) -> int:
    return max(count.num_votes for score in scores.values() for count in score.correct)
