from __future__ import annotations

import json

import pytest

WORDS = ["inspect", "--speed", "--arch", "mnist-dnn", "--norm", "local", "--repetitions", "2"]


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
    assert record["command"].startswith("ln-bench inspect --speed")
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
        (["inspect"], "give CKPT, the saved weights to inspect, or --speed to time the norms"),
        (["inspect", "a.pt", "--speed"], "CKPT is not for --speed, which times fresh networks"),
        ([*WORDS, "--model", "a.py:f"], "--model is not for --speed"),
        ([*WORDS, "--image-size", "32"], "--image-size is not for --speed"),
        ([*WORDS, "--channels", "3"], "--channels is not for --speed"),
        ([*WORDS, "--download"], "--download is not for --speed"),
        ([*WORDS, "--checkpoint-key", "ema"], "--checkpoint-key is not for --speed"),
        ([*WORDS, "--trust-checkpoint"], "--trust-checkpoint is not for --speed"),
        (["inspect", "a.pt", "--norm", "local"], "--norm is for --speed; leave it out"),
        (["inspect", "a.pt", "--repetitions", "5"], "--repetitions is for --speed; leave it out"),
        (["inspect", "a.pt", "--out", "a.json"], "--out is for --speed; leave it out"),
        (["inspect", "a.pt", "--overwrite"], "--overwrite is for --speed; leave it out"),
        ([*WORDS, "--norm", "nope"], "unknown norm 'nope'; choose from batch, local"),
        ([*WORDS, "--norm", ","], "--norm ,: names no norm; write it as local,switch"),
        ([*WORDS, "--repetitions", "0"], "--repetitions is 0; expected 1 or more"),
        ([*WORDS, "--arch", "resnet21"], "unknown architecture 'resnet21'; did you mean"),
        ([*WORDS, "--arch", "torchvision:alexnet"], "takes images of 224 pixels; --speed has"),
    ],
)
def test_what_would_be_ignored_or_is_wrong_is_refused(refuses, words, message):
    assert message in refuses(*words)


def test_a_record_without_a_place_is_refused_before_anything_is_timed(refuses, tmp_path):
    missing = tmp_path / "missing" / "speed.json"
    assert f"cannot write {missing}.part: No such file" in refuses(*WORDS, "--out", str(missing))
    folder = ["--out", str(tmp_path), "--overwrite"]
    assert "is a folder; name a file in it" in refuses(*WORDS, *folder)
