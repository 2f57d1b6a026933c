from __future__ import annotations

import json
import shlex

import pytest

WORDS = ["speed", "--arch", "mnist-dnn", "--norm", "local", "--repetitions", "2"]


def test_speed_and_parameters_are_shown_and_every_time_is_recorded(ln_bench, tmp_path):
    out = tmp_path / "speed.json"
    outcome = ln_bench(*WORDS, "--out", str(out))
    assert outcome.code == 0, outcome.err
    assert "600 steps of 100 images an epoch; LocalNorm with 10 groups of" in outcome.out
    rows = [line.split() for line in outcome.out.splitlines()]
    (batch,) = [row for row in rows if row[:1] == ["batch"]]
    assert batch[2:5] == ["1.00", "814,970", "814,778"]
    assert "Medians of 2 repetitions in turns" in " ".join(outcome.out.split())
    assert "timing mnist-dnn" in outcome.err
    record = json.loads(out.read_text())
    assert record["command"] == f"ln-bench {shlex.join(WORDS)} --out {out}"
    assert {"threads", "load", "cores", "machine", "versions", "repetitions"} < set(record)
    (network,) = record["networks"]
    assert [norm["norm"] for norm in network["norms"]] == ["batch", "local"]
    assert [len(norm["step_seconds"]) for norm in network["norms"]] == [2, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["speed.json"]


def test_a_record_is_replaced_only_when_asked(ln_bench, refuses, tmp_path):
    out = tmp_path / "speed.json"
    out.write_text("kept")
    words = [*WORDS, "--out", str(out)]
    assert "exists; give another --out, or --overwrite" in refuses(*words)
    assert out.read_text() == "kept"
    assert ln_bench(*words, "--repetitions", "1", "--overwrite").code == 0
    assert json.loads(out.read_text())["repetitions"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*WORDS, "--norm", "nope"], "unknown norm 'nope'; choose from batch, local"),
        ([*WORDS, "--norm", ","], "--norm ,: no names given; write norms as local,switch"),
        ([*WORDS, "--repetitions", "0"], "--repetitions is 0; expected 1 or more"),
        ([*WORDS, "--arch", "resnet21"], "unknown architecture 'resnet21'; did you mean"),
        ([*WORDS, "--arch", "torchvision:alexnet"], "takes images of 224 pixels; the papers"),
    ],
)
def test_what_cannot_be_timed_is_refused_in_one_line(refuses, words, message):
    assert message in refuses(*words)


def test_the_old_spelling_is_answered_with_the_command(refuses):
    hint = "no such option: --speed; did you mean 'ln-bench speed'?"
    assert hint in refuses("inspect", "--speed")
    assert hint in refuses("inspect", "--speed", "--repetitions", "5", "--out", "a.json")
    assert hint in refuses("inspect", "a.pt", "--arch", "resnet20", "--speed")


def test_an_unknown_option_that_is_no_command_is_named(refuses):
    assert refuses("speed", "--fast") == "Error: No such option: --fast"


def test_a_record_without_a_place_is_refused_before_anything_is_timed(refuses, tmp_path):
    missing = tmp_path / "missing" / "speed.json"
    assert f"cannot write {missing}.part: No such file" in refuses(*WORDS, "--out", str(missing))
    folder = ["--out", str(tmp_path), "--overwrite"]
    assert "is a folder; name a file in it" in refuses(*WORDS, *folder)
