from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from robustbench_ln.models.checkpoint import read_checkpoint


@pytest.fixture
def digits(tmp_path) -> Path:
    """240 pictures of 28x28 pixels, whose class is the place of a stripe."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, 240)
    stripes = np.arange(28) * 10 // 28 == labels[:, None]
    pixels = generator.normal(60, 30, (240, 28, 28)) + 150 * stripes[:, :, None]
    np.savez(tmp_path / "digits.npz", images=pixels.clip(0, 255).astype(np.uint8), labels=labels)
    return tmp_path


def command(digits: Path, *extra: str, out: str = "run") -> list[str]:
    return [
        "train", "--arch", "mnist-dnn", "--data", f"arrays:{digits}/digits.npz", "--recipe",
        "mnist", "--epochs", "2", "--out", str(digits / out), *extra,
    ]  # fmt: skip


def test_a_trained_network_is_evaluated_and_trained_on(ln_bench, digits):
    outcome = ln_bench(*command(digits, "--norm", "local"))
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[0].startswith("2 epochs; validation ")
    assert outcome.out.splitlines()[1] == str(digits / "run/best.pt")
    shown = outcome.err.splitlines()
    assert shown[0] == "to do: 2 epochs"
    assert shown[1] == "216 images of 10 classes to train on, 24 held out to validate on"
    assert [line.split(":")[0] for line in shown[2:]] == ["epoch 1/2", "epoch 2/2"]
    assert ln_bench(*command(digits, "--norm", "local")).err == "every epoch is done already\n"
    best = str(digits / "run/best.pt")
    evaluated = ln_bench(
        "evaluate", best, "--arch", "mnist-dnn", "--data",
        f"arrays:{digits}/digits.npz", "--modes", "ln-batch", "--out", str(digits / "evaluated"),
    )  # fmt: skip
    assert evaluated.code == 0, evaluated.err
    row = json.loads((digits / "evaluated/cells.jsonl").read_text().splitlines()[0])
    assert (row["num_groups"], row["set_size"]) == (10, 10)
    run = json.loads((digits / "evaluated/run.json").read_text())
    assert run["normalize"]["name"] == "none"  # as the checkpoint says
    other = ln_bench(
        "evaluate", best, "--arch", "mnist-dnn", "--normalize", "symmetric", "--modes", "ln-batch",
        "--data", f"arrays:{digits}/digits.npz", "--out", str(digits / "symmetric"),
    )  # fmt: skip
    note = f"Note: --normalize symmetric, but {best} was trained with none; without the option it"
    assert other.code == 0
    assert other.err.startswith(note)
    again = ln_bench(*command(digits, "--norm", "local", "--init", best, out="again"))
    assert again.code == 0, again.err
    about = read_checkpoint(digits / "again/last.pt").metadata
    assert about["parent_sha256"] == read_checkpoint(digits / "run/best.pt").sha256


def test_a_training_goes_on_where_it_was_stopped(ln_bench, digits, monkeypatch):
    from robustbench_ln.training.batches import Batches

    whole_epoch = Batches.training

    def stop(self, indices, epoch):
        if epoch == 2:
            raise KeyboardInterrupt
        return whole_epoch(self, indices, epoch)

    monkeypatch.setattr(Batches, "training", stop)
    stopped = ln_bench(*command(digits))
    assert stopped.code == 130
    assert "rerun a command with --out DIR to resume it" in stopped.err
    monkeypatch.setattr(Batches, "training", whole_epoch)
    assert f"{digits / 'run'}: resuming after epoch 1" in ln_bench(*command(digits)).err
    ln_bench(*command(digits, out="whole"))
    one, other = (read_checkpoint(digits / run / "last.pt") for run in ("run", "whole"))
    assert all(one.state[name].equal(other.state[name]) for name in one.state)


@pytest.mark.slow
def test_kill_9_after_an_epoch_changes_no_weight(digits, ln_bench):
    words = command(digits, "--epochs", "6")
    for rows in (2, 4):
        process = subprocess.Popen(
            [sys.executable, "-m", "robustbench_ln", *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        log = digits / "run/log.csv"
        while process.poll() is None and not (log.is_file() and log.read_text().count("\n") > rows):
            time.sleep(0.01)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    ln_bench(*words)
    ln_bench(*command(digits, "--epochs", "6", out="whole"))
    for name in ("best.pt", "last.pt"):
        one, other = (read_checkpoint(digits / run / name) for run in ("run", "whole"))
        assert all(one.state[key].equal(other.state[key]) for key in one.state)


def test_every_option_reaches_the_training(ln_bench, digits):
    """Each option that may not change is in train.json, with the value that was given."""
    ln_bench(*command(digits))
    ln_bench(
        *command(
            digits, "--norm", "local", "--groups", "5", "--epochs", "1", "--learning-rate", "0.01",
            "--augment-noise", "agn:0.5", "--share", "0.25", "--convention", "released", "--range",
            "clip", "--normalize", "symmetric", "--seed", "3", "--limit", "200", "--init",
            str(digits / "run/best.pt"), "--new-head", out="other",
        )
    )  # fmt: skip
    plain, other = (
        json.loads((digits / run / "train.json").read_text()) for run in ("run", "other")
    )
    changed = {k for k, v in plain["settings"].items() if other["settings"][k] != v}
    same = {"arch", "recipe", "images", "device", "key"}
    assert changed == set(plain["settings"]) - same
    noise = other["settings"]["noise"]
    assert (noise["convention"], noise["range"], noise["severity"]) == ("released", "clip", 0.5)
    assert plain["runs"][0]["command"].startswith("ln-bench train --arch mnist-dnn")
    assert plain["runs"][0]["threads"] == 1


def test_wrong_trainings_are_one_line_and_write_nothing(refuses, digits):
    for extra, message in (
        (["--recipe", "minst"], "unknown recipe 'minst'; did you mean 'mnist'? (ln-bench list rec"),
        (["--recipe", "cars-finetune"], "recipe cars-finetune is for picture files (folder"),
        (["--norm", "local", "--groups", "7"], "--groups 7 does not divide the batch of 100"),
        (["--groups", "10"], "--groups 10 is for --norm local, not batch"),
        (["--epochs", "0"], "--epochs is 0"),
        (["--limit", "100"], "90 images to train on after 10 were held out"),
        (["--share", "0.5"], "--share needs a noise, as in --augment-noise agn:1.0"),
        (["--range", "clip"], "--range needs a noise"),
        (["--convention", "released"], "--convention needs a noise"),
        (["--init", "none.pt"], "none.pt: no such file"),
        (["--normalize", "imagenot"], "did you mean 'imagenet'?"),
        (["--arch", "vgg19"], "cannot take images of 28x28 with 1 channels"),
        (["--device", "tpu9"], "--device tpu9"),
        (["--devices", "cuda:0,cuda:99"], "--device cuda:"),
        (["--devices", "cpu,cpu"], "several devices are GPUs with their numbers"),
        (["--processes", "3"], "100 images of a batch, which do not divide into --processes 3"),
        (["--processes", "2", "--norm", "local", "--groups", "1"], "1 groups, fewer than --proc"),
        (["--processes", "4", "--norm", "local"], "10 groups, which do not divide into --proces"),
        (["--processes", "2", "--norm", "ghost"], "--norm ghost trains in one process; several"),
        (["--processes", "0"], "--processes is 0"),
        (["--device", "meta"], "--device meta: "),
        (["--out", str(digits)], "holds other files ('digits.npz') and no training"),
        (["--out", str(digits / "digits.npz")], "is a file; give --out a folder"),
    ):
        assert message in refuses(*command(digits, *extra)), extra
    assert {path.name for path in digits.iterdir()} == {"digits.npz"}


def test_a_changed_option_is_refused(ln_bench, refuses, digits):
    ln_bench(*command(digits))
    line = refuses(*command(digits, "--seed", "1"))
    assert "was started with --seed 0; now 1 is asked for; give the same options to go on" in line
