"""demo:batchnorm, demo:localnorm and demo:digits, in every command that takes such things."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from PIL import Image

import robustbench_ln as ln
from robustbench_ln.data import load_images
from robustbench_ln.files.shipped import SHIPPED_CHECKPOINTS, SHIPPED_IMAGES
from robustbench_ln.models.checkpoint import read_checkpoint
from tests.cli.conftest import ln_bench, refuses  # noqa: F401

SHA256 = "88defb9b80c90a3c12a4522d4ff6c6a403afbd7805762cd1e3f0b31e1ebed02e"
EVALUATE = (
    "evaluate", "demo:batchnorm", "--data", "demo:digits", "--noise", "agn-additive",
    "--convention", "released", "--sigmas", "1", "--modes", "bn", "--limit", "100",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_evaluate_keeps_the_names(ln_bench, tmp_path):  # noqa: F811
    assert ln_bench(*EVALUATE, "--out", "run").code == 0
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["label"] == "BatchNorm"
    assert run["checkpoint"]["path"] == "demo:batchnorm"
    assert run["checkpoint"]["sha256"] == SHA256
    assert run["checkpoint"]["arch"] == "mnist-dnn"
    assert run["data"]["source"] == "demo:digits"
    assert run["normalize"]["name"] == "none"
    cell = json.loads((tmp_path / "run" / "cells.jsonl").read_text().splitlines()[1])
    assert (cell["corruption"], cell["range"]) == ("agn-additive", "none")  # as of mnist:


def test_a_name_and_its_files_are_one_run(ln_bench, tmp_path):  # noqa: F811
    assert ln_bench(*EVALUATE, "--out", "run").code == 0
    before = (tmp_path / "run" / "cells.jsonl").read_bytes()
    words = [*EVALUATE, "--range", "none", "--out", "run"]
    words[1] = str(SHIPPED_CHECKPOINTS["demo:batchnorm"].path)
    words[3] = f"arrays:{SHIPPED_IMAGES['demo:digits'].path}"
    outcome = ln_bench(*words)
    assert "every cell is done already" in outcome.err
    assert (tmp_path / "run" / "cells.jsonl").read_bytes() == before


@pytest.mark.filterwarnings("default")
def test_a_file_of_that_name_is_told_apart(ln_bench, tmp_path):  # noqa: F811
    shutil.copy(SHIPPED_CHECKPOINTS["demo:localnorm"].path, tmp_path / "demo:batchnorm")
    own = ln_bench("inspect", "./demo:batchnorm")
    assert "10 groups" in own.out
    assert own.err == ""
    shipped = ln_bench("inspect", "demo:batchnorm")
    assert shipped.err.startswith("Warning: demo:batchnorm is the checkpoint that comes with the ")
    assert shipped.err.endswith("write ./demo:batchnorm for the file\n")
    assert shipped.out.startswith("demo:batchnorm as mnist-dnn, 10 classes")
    assert f"sha256 {SHA256}" in shipped.out
    assert "1 group\n" in shipped.out


def test_predict_reads_a_digit(ln_bench, tmp_path):  # noqa: F811
    images = load_images("demo:digits")
    Image.fromarray(images.read([0])[0, :, :, 0]).save("digit.png")
    words = ("--modes", "bn", "--sheet", "sheet.png")
    outcome = ln_bench("predict", "demo:batchnorm", "digit.png", *words)
    assert outcome.out.startswith(f"digit.png\n  BatchNorm  {images.labels[0]} ")
    with Image.open("sheet.png") as sheet:
        assert min(sheet.size) > 28


def test_convert_carries_on_what_the_file_says(ln_bench, tmp_path):  # noqa: F811
    assert ln_bench("convert", "demo:batchnorm", "--groups", "4", "--out", "own.pt").code == 0
    about = read_checkpoint(tmp_path / "own.pt").metadata
    assert about["parent_sha256"] == SHA256
    assert (about["arch"], about["normalize"]) == ("mnist-dnn", "none")
    words = ("--data", "demo:digits", "--limit", "100", "--modes", "ln-batch", "--out", "run")
    assert ln_bench("evaluate", "own.pt", *words).code == 0


def test_corrupt_and_evaluate_what_it_wrote(ln_bench, tmp_path):  # noqa: F811
    fog = ("--corruptions", "fog", "--severity-table", "cifar10-c", "--limit", "20")
    assert ln_bench("corrupt", "demo:digits", *fog, "--out", "set").code == 0
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert manifest["source"] == "demo:digits"
    assert np.load("set/fog.npy").shape[0] == 100


def test_train_starts_from_a_checkpoint_but_not_on_the_test_digits(ln_bench, refuses):  # noqa: F811
    mnist = ("train", "--arch", "mnist-dnn", "--recipe", "mnist", "--epochs", "1", "--out", "own")
    assert "demo:digits has no training part" in refuses(*mnist, "--data", "demo:digits")
    digits = f"arrays:{SHIPPED_IMAGES['demo:digits'].path}"
    outcome = ln_bench(*mnist, "--data", digits, "--limit", "200", "--init", "demo:batchnorm")
    assert outcome.code == 0
    assert "1 epoch; validation 9" in outcome.out


@pytest.mark.parametrize("command", ["evaluate", "inspect", "predict", "convert"])
def test_wrong_names_are_refused_with_the_nearest(refuses, command):  # noqa: F811
    words = {
        "evaluate": ["--data", "demo:digits", "--out", "run"],
        "inspect": [],
        "predict": ["digit.png"],
        "convert": ["--groups", "4", "--out", "own.pt"],
    }[command]
    message = refuses(command, "demo:localnrm", *words)
    assert "unknown demo checkpoint 'demo:localnrm'; did you mean 'demo:localnorm'?" in message


def test_python_takes_the_names_too():
    frame = ln.evaluate(
        "demo:batchnorm", "demo:digits", modes="bn", limit=100, progress=ln.Silent()
    )
    assert frame["label"].tolist() == ["BatchNorm"]
    assert frame.accuracy[0] > 0.9
