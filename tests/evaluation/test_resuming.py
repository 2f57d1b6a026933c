"""The same command again, more of the same run, and what is another run."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from robustbench_ln.errors import RecordError
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.norms import convert_batchnorm
from robustbench_ln.runs.records import read_records
from robustbench_ln.spec import Normalization
from tests.evaluation.small_runs import comparable, make_images, make_spec, make_subject
from tests.norms.networks import small_net


def test_the_same_command_again_measures_nothing_and_more_modes_only_the_new(tmp_path):
    def run(spec):
        return evaluate(make_subject(), make_images(), spec, out=tmp_path / "run")

    first = run(make_spec(modes=("bn",)))
    content = (tmp_path / "run/cells.jsonl").read_bytes()
    assert run(make_spec(modes=("bn",))) == first
    assert (tmp_path / "run/cells.jsonl").read_bytes() == content
    more = run(make_spec())
    assert more[: len(first)] == first
    assert comparable(more) == comparable(
        evaluate(make_subject(), make_images(), make_spec(), out=tmp_path / "whole")
    )
    # another set size or tie rule is another cell of the same run
    assert len(run(make_spec(modes=("dbn-batch",), stat_batch=5))) == len(more) + 3


def test_a_torn_last_line_is_measured_again(tmp_path):
    run = tmp_path / "run"
    whole = evaluate(make_subject(), make_images(), make_spec(), out=run)
    lines = (run / "cells.jsonl").read_bytes().splitlines(keepends=True)
    (run / "cells.jsonl").write_bytes(b"".join(lines[:5]) + lines[5][:40])
    again = evaluate(make_subject(), make_images(), make_spec(), out=run)
    assert comparable(again) == comparable(whole)
    assert comparable(read_records(run)) == comparable(whole)


@pytest.mark.parametrize(
    ("subject", "changes", "message"),
    [
        (
            make_subject(digest="xyz"),
            {},
            "run whose checkpoint sha256 is abc; now xyz is asked for; give out= a new folder",
        ),
        (make_subject(), {"seed": 1}, "whose seed is 0; now 1 is asked for"),
        (make_subject(), {"order": "as-is"}, "whose order is shuffled; now as-is is asked for"),
        (make_subject(), {"limit": 3}, "whose limit is none; now 3 is asked for"),
        (
            make_subject(normalization=Normalization(name="h", mean=(0.5,) * 3, std=(1.0,) * 3)),
            {},
            "whose normalize name is ",
        ),
    ],
)
def test_another_run_in_the_same_directory_is_refused(tmp_path, subject, changes, message):
    run = tmp_path / "run"
    evaluate(make_subject(), make_images(), make_spec(modes=("bn",)), out=run)
    before = {p.name: p.read_bytes() for p in run.iterdir() if p.is_file()}
    with pytest.raises(RecordError, match=message):
        evaluate(subject, make_images(), make_spec(modes=("bn",), **changes), out=run)
    assert {p.name: p.read_bytes() for p in run.iterdir() if p.is_file()} == before


@pytest.mark.parametrize("classes", [[(), (nn.BatchNorm1d,)], [(nn.BatchNorm1d,), ()]])
def test_other_norm_classes_are_another_run(tmp_path, classes):
    """The same network with other layers dynamic: cells of one are none of the other."""
    first, second = (make_subject(norm_classes=chosen) for chosen in classes)
    evaluate(first, make_images(), make_spec(modes=("bn",)), out=tmp_path / "run")
    with pytest.raises(RecordError, match="whose checkpoint norm_classes is "):
        evaluate(second, make_images(), make_spec(modes=("bn",)), out=tmp_path / "run")


def test_a_directory_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(RecordError, match=r"holds other files \('thesis.tex'\) and no run"):
        evaluate(make_subject(), make_images(), make_spec(), out=tmp_path)
    with pytest.raises(RecordError, match="is a file; give out= a folder"):
        evaluate(make_subject(), make_images(), make_spec(), out=tmp_path / "thesis.tex")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.json").write_text("{")
    with pytest.raises(RecordError, match=r"run\.json: not JSON"):
        evaluate(make_subject(), make_images(), make_spec(), out=tmp_path / "run")


def test_numpys_integers_ask_for_the_same_cells(tmp_path):
    sizes = {"stat_batch": 8, "limit": 20, "seed": 3}
    expected = evaluate(make_subject(), make_images(), make_spec(**sizes), out=tmp_path / "run")
    spec = make_spec(**{name: np.int64(value) for name, value in sizes.items()})
    assert evaluate(make_subject(), make_images(), spec, out=tmp_path / "run") == expected


def test_run_json_keeps_every_command_that_added_to_the_run(tmp_path):
    for command in ("first", "second", "first"):
        subject = make_subject(command=command)
        evaluate(subject, make_images(), make_spec(modes=("bn",)), out=tmp_path / "run")
    described = json.loads((tmp_path / "run/run.json").read_text())
    assert described["commands"] == ["first", "second"]


def test_a_repeat_is_the_run_with_that_seed(tmp_path):
    """Draws, order, group picks and ties: all that a seed decides."""
    subject = make_subject(convert_batchnorm(small_net(), 3).model)
    spec = make_spec(modes=("ln-batch", "ln-voting"), seed=5)
    alone = evaluate(subject, make_images(), replace(spec, seed=6), out=tmp_path / "alone")
    repeated = evaluate(subject, make_images(), replace(spec, repeats=2), out=tmp_path / "both")
    assert comparable(alone) == comparable(r for r in repeated if r.seed == 6)
    first = evaluate(subject, make_images(), spec, out=tmp_path / "first")
    assert comparable(first) == comparable(r for r in repeated if r.seed == 5)
    assert comparable(first) != comparable(alone)
    folders = [tmp_path / name / "predictions" for name in ("alone", "first", "both")]
    alone_files, first_files, both_files = ({p.name for p in f.iterdir()} for f in folders)
    assert both_files == first_files | {n.replace(".npz", "-seed6.npz") for n in alone_files}


def test_repeats_of_a_limited_run_keep_its_images(tmp_path):
    spec = make_spec(modes=("dbn-batch",), repeats=3, limit=20)
    evaluate(make_subject(), make_images(), spec, out=tmp_path / "run")
    orders = [
        np.load(path)["image_index"].tolist()
        for path in sorted((tmp_path / "run" / "predictions").glob("clean*"))
    ]
    assert len(orders) == 3
    assert len({tuple(sorted(order)) for order in orders}) == 1
    assert len({tuple(order) for order in orders}) == 3


def test_repeats_are_added_to_a_finished_run(tmp_path):
    spec = make_spec(modes=("bn",))
    once = evaluate(make_subject(), make_images(), spec, out=tmp_path / "run")
    more = evaluate(make_subject(), make_images(), replace(spec, repeats=2), out=tmp_path / "run")
    assert more[: len(once)] == once
    assert len(more) == 2 * len(once)
