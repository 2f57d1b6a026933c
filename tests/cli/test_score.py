from __future__ import annotations

import json
import re
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
        "net LN-Voting: accuracy in % [95 % intervals] by number of votes, ties logit-sum"
        in outcome.out
    )
    (line,) = [
        text for text in outcome.out.splitlines() if text.split() == ["1", "vote", "5", "votes"]
    ]
    following = outcome.out.splitlines()[outcome.out.splitlines().index(line) + 1]
    assert following.split()[:2] == ["clean", "-"]
    assert "## net LN-Voting: agreement" in (run / "report" / "score.md").read_text()


def test_what_cannot_be_scored_is_one_line(run, refuses, ln_bench):
    assert "has no voting mode (it has ln-batch)" in refuses("score", f"{run}:ln-batch")
    assert "--votes 6: the run has 5 groups" in refuses("score", str(run), "--votes", "6")
    assert "--votes x: expected numbers" in refuses("score", str(run), "--votes", "x")
    assert "--ties rule" in refuses("score", str(run), "--ties", "highest")
    (run / "predictions" / "clean-0-set4.npz").unlink()
    assert "measure the run again" in refuses("score", str(run))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("cut", "8 correct|of 8 correct, its row says"),
        ("swapped", "its row says"),
        ("labels", "its row says"),
        ("order", "has another 'labels' than"),
        ("groups", "4 groups, its row says 5"),
    ],
)
def test_predictions_that_are_not_those_of_their_rows_are_refused(run, refuses, damage, message):
    folder = run / "predictions"
    names = [folder / f"{name}-set4.npz" for name in ("clean-0", "agn-1-paper-clip")]
    with np.load(names[0]) as one, np.load(names[1]) as other:
        clean, noisy = dict(one), dict(other)
    if damage == "cut":
        noisy = {name: array[..., :8] for name, array in noisy.items()}
    elif damage == "swapped":
        np.savez(names[0], **noisy)
        noisy = clean
    elif damage == "labels":
        noisy["labels"] = noisy["class_index"][0].astype(np.int64)
    elif damage == "groups":
        noisy = {n: a[:4] if a.ndim == 2 else a for n, a in noisy.items()}
    else:  # two images that are wrong in every group exchange labels: all counts stay
        wrong = np.flatnonzero((noisy["class_index"] != noisy["labels"]).all(axis=0))
        labels = noisy["labels"]
        pairs = [
            (i, j) for i in wrong for j in wrong
            if labels[i] != labels[j] and labels[j] not in noisy["class_index"][:, i]
            and labels[i] not in noisy["class_index"][:, j]
        ]  # fmt: skip
        labels[list(pairs[0])] = labels[list(pairs[0])[::-1]]
    np.savez(names[1], **noisy)
    for command in (["score", str(run)], ["report", str(run)]):
        assert re.search(message, refuses(*command))


def test_files_of_equal_counts_are_told_apart_by_their_likelihoods(run, refuses):
    file = run / "predictions" / "clean-0-set4.npz"
    with np.load(file) as found:
        arrays = dict(found)
    np.savez(file, **(arrays | {"label_log_probability": arrays["label_log_probability"] - 0.1}))
    assert "nll" in refuses("score", str(run))


def test_two_rows_of_one_cell_with_other_counts_are_refused_by_every_command(
    run, refuses, voting_lab
):
    rows = (run / "cells.jsonl").read_text().splitlines()
    row = json.loads(rows[0])
    row["correct"] += 1
    (run / "cells.jsonl").write_text("\n".join([*rows, json.dumps(row)]) + "\n")
    errors = voting_lab.folder / "errors.csv"
    errors.write_text("corruption,severity,error\nfog,1,0.5\n")
    for command in (
        ["score", str(run)],
        ["report", str(run)],
        ["compare", f"{run}:ln-voting", f"{run}:ln-batch"],
        ["mce", str(errors), "--baseline", f"{run}:ln-voting"],
        voting_lab.command("--modes", "ln-voting,ln-batch", "--ties", "lowest", "--seed", "3"),
    ):
        assert "was measured twice" in refuses(*command)


def test_modes_have_the_papers_names_or_ids(run, ln_bench):
    outcome = ln_bench("score", f"{run}:ln-voting")
    assert "LN-Voting: accuracy in % [95 % intervals] by tie rule" in outcome.out
    outcome = ln_bench("score", f"{run}:ln-voting", "--names", "ids")
    assert " ln-voting: accuracy in % [95 % intervals] by tie rule" in outcome.out
