"""`train --processes 2` as users run it: against one process, killed, resumed, evaluated."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_ln.models.checkpoint import read_checkpoint

pytestmark = pytest.mark.slow

NETWORK = """
from torch import nn

def network():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, stride=3), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(),
        nn.Linear(384, 12), nn.BatchNorm1d(12), nn.Linear(12, 10),
    )
"""


@pytest.fixture
def digits(tmp_path) -> Path:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, 330)
    stripes = np.arange(28) * 10 // 28 == labels[:, None]
    pixels = generator.normal(60, 30, (330, 28, 28)) + 150 * stripes[:, :, None]
    np.savez(tmp_path / "digits.npz", images=pixels.clip(0, 255).astype(np.uint8), labels=labels)
    (tmp_path / "net.py").write_text(NETWORK)
    return tmp_path


def start(digits: Path, out: str, *extra: str) -> subprocess.Popen[str]:
    words = [
        "train", "--model", f"{digits}/net.py:network", "--data", f"arrays:{digits}/digits.npz",
        "--recipe", "mnist", "--epochs", "3", "--out", str(digits / out), *extra,
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "robustbench_ln", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[str, list[str]]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err.splitlines()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def numbers(path: Path) -> list[list[float]]:
    rows = rows_of(path)
    return [[float(row[k]) for k in row if k not in ("layer", "seconds")] for row in rows]


def momenta(folder: Path) -> list[torch.Tensor]:
    state = torch.load(folder / "state.pt")["optimizer"]["state"]
    return [values["momentum_buffer"] for _, values in sorted(state.items())]


@pytest.mark.parametrize("norm", ["local", "batch"])
def test_two_processes_write_what_one_does(digits, norm):
    one = finish(start(digits, "one", "--norm", norm))
    two = finish(
        start(digits, "two", "--norm", norm, "--processes", "2", "--log", f"{digits}/log.txt")
    )
    assert two[0].splitlines() == [one[0].splitlines()[0], f"{digits}/two/best.pt"]
    lines, others = (
        [line.rpartition(",")[0] for line in said if not re.match(r"\d+/\d+ epochs, ", line)]
        for _, said in (one, two)
    )
    assert lines == others
    folders = digits / "one", digits / "two"
    assert {file.name for file in folders[1].iterdir()} == {
        "best.pt", "last.pt", "state.pt", "log.csv", "norms.csv", "train.json", "lock"
    }  # fmt: skip
    first, second = (read_checkpoint(folder / "last.pt") for folder in folders)
    assert first.metadata == second.metadata
    assert list(first.state) == list(second.state)
    for name, value in first.state.items():
        torch.testing.assert_close(second.state[name], value, rtol=0, atol=1e-5)
    for log in ("log.csv", "norms.csv"):
        np.testing.assert_allclose(*(numbers(folder / log) for folder in folders), atol=1e-5)
    for pair in zip(*map(momenta, folders), strict=True):
        torch.testing.assert_close(*pair, rtol=0, atol=1e-4)


def test_a_kill_changes_no_weight_and_one_process_evaluates(digits):
    words = ("--norm", "local", "--processes", "2", "--epochs", "12")
    for rows in (2, 4):
        process = start(digits, "run", *words)
        log = digits / "run/log.csv"
        while process.poll() is None and not (log.is_file() and log.read_text().count("\n") > rows):
            time.sleep(0.01)
        process.kill()
        process.communicate()
    time.sleep(2)  # until the processes have seen that their parent is gone
    finish(start(digits, "run", *words))
    finish(start(digits, "whole", *words))
    one, other = (read_checkpoint(digits / run / "last.pt") for run in ("run", "whole"))
    assert all(one.state[key].equal(other.state[key]) for key in one.state)
    evaluated = subprocess.run(
        [
            sys.executable, "-m", "robustbench_ln", "evaluate", str(digits / "run/last.pt"),
            "--model", f"{digits}/net.py:network", "--data", f"arrays:{digits}/digits.npz",
            "--modes", "ln-batch", "--group-size", "10", "--out", str(digits / "evaluated"),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert evaluated.returncode == 0, evaluated.stderr


def test_a_training_of_two_goes_on_in_one(digits):
    finish(start(digits, "two", "--norm", "local", "--processes", "2"))
    process = start(digits, "two", "--norm", "local")
    assert finish(process)[1] == ["every epoch is done already"]


def children_of(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are read from /proc")
def test_a_process_that_dies_is_one_line_and_the_last_epoch_stays(digits):
    process = start(digits, "run", "--norm", "local", "--processes", "2", "--epochs", "500")
    log = digits / "run/log.csv"
    while process.poll() is None and not (log.is_file() and log.read_text().count("\n") > 2):
        time.sleep(0.01)
    os.kill(children_of(process.pid)[1], signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    lines = [line for line in err.splitlines() if line.startswith("Error")]
    assert (process.returncode, out) == (2, "")
    assert lines == [err.splitlines()[-1]]
    assert lines[0].startswith(
        "Error: process 1 of --processes 2 was ended by SIGKILL; last.pt has"
    )
    assert read_checkpoint(digits / "run/last.pt").metadata["epoch"] >= 2


def test_a_picture_that_one_process_cannot_read_is_one_line(digits, tmp_path):
    folder = tmp_path / "pictures"
    generator = np.random.default_rng(1)
    for label in range(10):
        (folder / str(label)).mkdir(parents=True)
        for number in range(25):
            pixels = generator.integers(0, 256, (28, 28), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / str(label) / f"{number}.png")
    for label in range(10):
        for number in range(20, 25):
            (folder / str(label) / f"{number}.png").write_bytes(b"no picture")
    (digits / "net.py").write_text(NETWORK.replace("Conv2d(1,", "Conv2d(3,"))
    extra = ("--data", f"folder:{folder}", "--norm", "batch", "--processes", "2")
    process = start(digits, "run", *extra)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    errors = [line for line in err.splitlines() if not line.startswith(("to do", "225 images"))]
    assert len(errors) == 1, err
    assert errors[0].startswith("Error: ")
    assert ".png" in errors[0]
