from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from robustbench_ln.files.shipped import SHIPPED_SUITES

SHORT = "limit = 100\nsigmas = [0, 1]\nmodes = ['bn', 'ln-voting']\n"


def small_suite(folder):
    """The shipped suite of MNIST, with fewer digits and noise levels."""
    text = SHIPPED_SUITES["papers-mnist"].path.read_text()
    text = text.replace("[defaults]\n", f"[defaults]\n{SHORT}")
    text = text.replace('"demo:batchnorm"', '"demo:batchnorm"\nmodes = "bn"')
    text = text.replace('"demo:localnorm"', '"demo:localnorm"\nmodes = "ln-voting"')
    suite = folder / "suite.toml"
    suite.write_text(text)
    return str(suite)


def test_a_suite_is_run_resumed_and_reported(ln_bench, tmp_path):
    suite, out = small_suite(tmp_path), tmp_path / "out"
    planned = ln_bench("run", suite, "--out", str(out), "--dry-run")
    assert planned.code == 0
    assert len(re.findall(r"^ln-bench evaluate demo:\w+ .*--out", planned.out, re.M)) == 2
    assert not out.exists()

    done = ln_bench("run", suite, "--out", str(out))
    assert done.code == 0, done.err
    assert "BatchNorm" in done.out
    assert "LocalNorm" in done.out
    described = json.loads((out / "LocalNorm" / "run.json").read_text())
    assert described["commands"] == [planned.out.splitlines()[1]]
    rows = (out / "BatchNorm" / "cells.jsonl").read_bytes()
    assert rows.count(b"\n") == 4  # clean, and three noises of one sigma

    again = ln_bench("run", suite, "--out", str(out))
    assert again.code == 0
    assert again.err.count("every cell is done already") == 2
    assert (out / "BatchNorm" / "cells.jsonl").read_bytes() == rows


def test_nothing_runs_before_every_run_is_right(refuses, tmp_path):
    suite = small_suite(tmp_path)
    Path(suite).write_text(Path(suite).read_text() + "stat_batch = 0\n")
    error = refuses("run", suite, "--out", str(tmp_path / "out"))
    assert f"{suite}, [[run]] 2: stat_batch" in error
    Path(suite).write_text(Path(suite).read_text().replace("stat_batch = 0", "arch = 'resnet99'"))
    error = refuses("run", suite, "--out", str(tmp_path / "out"))
    assert f"{suite}, [[run]] 2: unknown architecture 'resnet99'" in error
    assert not (tmp_path / "out").exists()


def test_an_error_of_a_run_names_it(ln_bench, tmp_path):
    suite = tmp_path / "suite.toml"
    (tmp_path / "empty.pt").write_bytes(b"")
    suite.write_text('[[run]]\ncheckpoint = "empty.pt"\narch = "mnist-dnn"\n'
                     'normalize = "none"\ndata = "demo:digits"\n')  # fmt: skip
    done = ln_bench("run", str(suite), "--out", str(tmp_path / "out"))
    assert done.code == 2
    _, error = done.err.splitlines()
    assert error.startswith(f"Error: {suite}, [[run]] 1: {tmp_path}/empty.pt")


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("checkpoint", "gone.pt", "gone.pt"),
        ("data", "cifar10:gone", "gone"),
        ("class_map", "gone.json", "gone.json"),
        ("arch", "hf:gone", "gone"),
    ],
)
def test_a_missing_file_of_any_run_is_named_before_the_first_begins(
    refuses, ln_bench, tmp_path, key, value, named
):
    suite = tmp_path / "suite.toml"
    first = '[[run]]\ncheckpoint = "demo:batchnorm"\ndata = "demo:digits"\n'
    table = {"checkpoint": "demo:batchnorm", "data": "demo:digits", key: value}
    second = "[[run]]\n" + "".join(f'{name} = "{text}"\n' for name, text in table.items())
    suite.write_text(first + second)
    line = refuses("run", str(suite), "--out", str(tmp_path / "out"))
    assert f"{suite}, [[run]] 2: {key}: {tmp_path}/{named}: no such file or folder" in line
    assert not (tmp_path / "out").exists()
    assert ln_bench("run", str(suite), "--out", str(tmp_path / "out"), "--dry-run").code == 0


@pytest.mark.parametrize("name", ["BatchNorm", "report"])
def test_nothing_is_written_through_links_of_the_folder(refuses, tmp_path, name):
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    out.mkdir()
    (out / name).symlink_to(elsewhere)
    line = refuses("run", small_suite(tmp_path), "--out", str(out))
    assert f"{out / name} is a link; nothing is written" in line
    assert not list(elsewhere.iterdir())
