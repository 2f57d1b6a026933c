from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy import stats


@pytest.fixture
def run(voting_lab, ln_bench):
    """A run of a LocalNorm network whose five groups disagree."""
    command = voting_lab.command("--modes", "ln-voting,ln-batch", "--ties", "lowest", "--seed", "3")
    outcome = ln_bench(*command)
    assert outcome.code == 0, outcome.err
    return voting_lab.folder / "run"


def test_votes_are_counted_again(run, ln_bench):
    outcome = ln_bench("score", str(run))
    assert outcome.code == 0, outcome.err
    frame = pd.read_csv(run / "report" / "score.csv")
    assert len(frame) == 3 * (5 * 2 + 1)
    with np.load(run / "predictions" / "agn-1-paper-clip-set4.npz") as arrays:
        classes, labels = arrays["class_index"].tolist(), arrays["labels"].tolist()
    cells = frame[frame["severity"] == 1]
    tied_at = []
    for num_votes in range(1, 6):
        right, tied, agreed = 0, 0, []
        for image, label in enumerate(labels):
            counts = Counter(classes[group][image] for group in range(num_votes))
            most = max(counts.values())
            leaders = sorted(c for c, count in counts.items() if count == most)
            right += leaders[0] == label
            tied += len(leaders) > 1
            agreed.append((most / num_votes, leaders[0] == label))
        (cell,) = cells[
            (cells["votes"] == num_votes) & (cells["tie_rule"] == "lowest")
        ].itertuples()
        assert (cell.correct, cell.ties, cell.total) == (right, tied, 50)
        tied_at.append(tied)
    assert tied_at[0] == 0 < max(tied_at)
    assert (cell.units, frame["low"].notna().all()) == (13, True)  # 50 images in sets of 4
    sums = np.add.reduceat(
        [leader_right for _, leader_right in agreed], range(0, 50, 4), dtype=float
    )
    sums -= np.array([4] * 12 + [2]) * cell.accuracy
    margin = stats.t.ppf(0.975, 12) * np.sqrt((sums**2).sum() * 13 / 12) / 50
    floor = 1.96 * np.sqrt(cell.accuracy * (1 - cell.accuracy) / 50)
    assert (cell.high - cell.low) / 2 == pytest.approx(max(margin, floor), rel=0.1)
    assert cell.agreement_mean == pytest.approx(np.mean([share for share, _ in agreed]))
    pairs = [
        (a > b) + (a == b) / 2
        for a, a_right in agreed
        for b, b_right in agreed
        if a_right and not b_right
    ]
    assert cell.agreement_auroc == pytest.approx(np.mean(pairs))
    whole = [is_right for share, is_right in agreed if share == 1]
    assert cell.agreement_unanimous == pytest.approx(len(whole) / 50)
    assert cell.agreement_unanimous_accuracy == pytest.approx(np.mean(whole))
    gap = sum(
        abs(sum(share - is_right for share, is_right in agreed if share == level))
        for level in {share for share, _ in agreed}
    )
    assert cell.agreement_ece == pytest.approx(gap / 50)


def test_all_votes_under_the_runs_rule_are_the_runs_rows(run, ln_bench):
    ln_bench("score", f"{run}:ln-voting", "--out", str(run / "again"))
    scored = pd.read_csv(run / "again" / "score.csv")
    cells = pd.read_csv(run / "report" / "cells.csv")
    kept = scored[(scored["votes"] == 5) & (scored["tie_rule"] == "lowest")]
    rows = cells[cells["mode"] == "ln-voting"]
    assert kept["correct"].tolist() == rows["correct"].tolist()
    assert kept["ties"].tolist() == rows["ties"].tolist()
    assert set(scored[scored["tie_rule"] == "logit-sum"]["votes"]) == {5}


def test_tables_have_the_votes_that_were_asked_for(run, ln_bench):
    outcome = ln_bench("score", str(run), "--votes", "5,1", "--ties", "logit-sum")
    assert (
        "net ln-voting: accuracy in % [95 % intervals] by number of votes, ties logit-sum"
        in outcome.out
    )
    (line,) = [
        text for text in outcome.out.splitlines() if text.split() == ["1", "vote", "5", "votes"]
    ]
    following = outcome.out.splitlines()[outcome.out.splitlines().index(line) + 1]
    assert following.split()[:2] == ["clean", "-"]
    assert "## net ln-voting: agreement" in (run / "report" / "score.md").read_text()


def test_what_cannot_be_scored_is_one_line(run, refuses, ln_bench):
    assert "has no voting mode (it has ln-batch)" in refuses("score", f"{run}:ln-batch")
    assert "--votes 6: the run has 5 groups" in refuses("score", str(run), "--votes", "6")
    assert "--votes x: expected numbers" in refuses("score", str(run), "--votes", "x")
    assert "--ties rule" in refuses("score", str(run), "--ties", "highest")
    (run / "predictions" / "clean-0-set4.npz").unlink()
    assert "measure the run again" in refuses("score", str(run))
