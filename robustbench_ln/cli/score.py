"""`ln-bench score`: votes counted again, without a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from robustbench_ln.cli.options import AsJson, Names
from robustbench_ln.cli.spelling import spell
from robustbench_ln.errors import SpecError
from robustbench_ln.texts.console import say, say_aside, tell
from robustbench_ln.texts.safe import one_line

if TYPE_CHECKING:
    from robustbench_ln.reports.score import VoteScore
    from robustbench_ln.spec import Condition

__all__ = ["score"]


def score(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN[:MODE]",
            help="Run directory of ln-bench evaluate with voting modes, or folder of its shards; "
            "and one of these modes",
            show_default=False,
        ),
    ],
    ties: Annotated[
        str,
        typer.Option(
            metavar="RULE",
            help="How tied votes are decided: random, lowest, or, with the votes of all groups, "
            "logit-sum",
        ),
    ] = "random",
    votes: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Numbers of groups that vote, as 1,2,4,8. Default: every number up to all groups",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for score.csv and score.md; default: RUN/report",
            show_default=False,
        ),
    ] = None,
    names: Names = "papers",
    as_json: AsJson = False,
) -> None:
    """Count the votes of a finished run again: other tie rules, fewer groups, their agreement.

    Nothing is measured: the predictions of every group are in the run directory.
    """
    from robustbench_ln.reports.blocks import Block, Heading, Paragraph
    from robustbench_ln.reports.grids import to_text
    from robustbench_ln.reports.json_results import frame_rows, json_text
    from robustbench_ln.reports.markdown import markdown_page
    from robustbench_ln.reports.report_files import csv_bytes, report_folder, write_files
    from robustbench_ln.reports.score import score_frame, score_mode, voting_modes
    from robustbench_ln.reports.score_text import score_grids, score_note
    from robustbench_ln.runs.columns import Columns
    from robustbench_ln.runs.merging import missing_shards
    from robustbench_ln.runs.results import find_modes, split_run
    from robustbench_ln.runs.variants import check_naming
    from robustbench_ln.spec import check_tie_rule

    rule = check_tie_rule(ties)
    path, mode = split_run(run)
    modes = find_modes(path, mode, check_naming(names)).values()
    for line in missing_shards(mode.run for mode in modes):
        say_aside(spell(line))
    scored = [(one, score_mode(one)) for one in voting_modes(modes)]
    grids = [
        score_grids(one, scores, rule=rule, votes=_numbers(votes, scores)) for one, scores in scored
    ]
    notes = [score_note(one, scores) for one, scores in scored]
    if as_json:
        say(json_text("score", {"rows": frame_rows(score_frame(scored))}))
    width = max(80, get_terminal_size().columns)
    blocks: list[Block] = [Heading(1, "Votes counted again")]
    for of_mode, note in zip(grids, notes, strict=True):
        for title, grid in of_mode.items():
            if not as_json:
                say(f"{one_line(title)}\n{to_text(grid, width=width)}")
            blocks += [Heading(2, title), grid]
        if not as_json:
            say(f"{fill(note, width)}\n")
        blocks.append(Paragraph(note))
    folder = report_folder(path) if out is None else out
    contents = {
        "score.csv": csv_bytes(Columns.of_frame(score_frame(scored))),
        "score.md": markdown_page(blocks).encode(),
    }
    for file in write_files(folder, contents):
        tell(str(file))


def _numbers(votes: str | None, scores: Mapping[Condition, VoteScore]) -> list[int]:
    known = sorted({count.num_votes for score in scores.values() for count in score.correct})
    if votes is None:
        return known
    try:
        asked = [int(part) for part in votes.split(",")]
    except ValueError as error:
        raise SpecError(f"--votes {votes}: expected numbers, as 1,2,4,8") from error
    if wrong := [number for number in asked if number not in known]:
        raise SpecError(f"--votes {wrong[0]}: the run has {known[-1]} groups; expected 1 to that")
    return sorted(set(asked))
