"""The examples of the help, run as they stand in a folder with the files that they name."""

from __future__ import annotations

import shlex
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_ln.cli.examples import EXAMPLES
from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.models import build_model
from tests.data.published import write_cifar

NETWORK = """
from torch import nn

def network():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(4, 2),
    )
"""
SUITE = """
[defaults]
data = "demo:digits"
limit = 8

[[run]]
checkpoint = "demo:batchnorm"
modes = "bn"
"""
CHANGES = {"--limit": "8", "--severities": "1", "--sigmas": "0,1", "--epochs": "1"}
"""Fewer images and conditions: the examples are for people who have minutes."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with every file that an example names."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    torch.save(build_model("resnet20").state_dict(), "resnet20.th")
    (tmp_path / "suite.toml").write_text(SUITE)
    (tmp_path / "net.py").write_text(NETWORK)
    scope: dict[str, Any] = {}
    exec(NETWORK, scope)
    torch.save(scope["network"]().state_dict(), "mine.pth")
    generator = np.random.default_rng(0)
    rows = generator.integers(0, 256, (160, 3072)).astype(np.uint8)
    for name in ("test_batch", *(f"data_batch_{number}" for number in range(1, 6))):
        labels = [index % 10 for index in range(160)]
        write_cifar(tmp_path / "data", name, data=rows, labels=labels)
    for name in ("photos/cat/1.png", "photos/dog/1.png", "photos/dog/2.png", "cat.png", "dog.png"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (40, 48, 3)).astype(np.uint8)).save(file)
    (tmp_path / "CIFAR-10-P").mkdir()
    frames = generator.integers(0, 256, (2, 3, 32, 32, 3)).astype(np.uint8)
    np.save(tmp_path / "CIFAR-10-P" / "tilt.npy", frames)
    for file, scale in (("errors.csv", 0.01), ("percent.csv", 1)):
        cells = [(name, level) for name in BENCHMARK_CORRUPTIONS for level in range(1, 6)]
        lines = [f"{name},{level},{(40 + level) * scale}" for name, level in cells]
        text = "\n".join(["corruption,severity,error", *lines, f"clean,0,{9 * scale}"])
        (tmp_path / file).write_text(text)
    return tmp_path


def shorter(words: list[str]) -> list[str]:
    words = words.copy()
    for option, value in CHANGES.items():
        if option in words:
            words[words.index(option) + 1] = value
    if "cifar10-c" in words:
        at = words.index("cifar10-c")
        words[at : at + 1] = ["fog,snow", "--severity-table", "cifar10-c"]
    if words[0] == "evaluate":
        words += ["--stat-batch", "4"]
    if words[0] == "train":
        words += ["--epochs", "1", "--limit", "160"]
    return words


@pytest.mark.filterwarnings("ignore:no photographs of frost")
def test_the_examples_of_the_help_work(folder, ln_bench):
    ran = set()
    for name in ("list", "env", "inspect", "evaluate", "audit", "flips", "run", "report", "compare",
                 "score", "mce", "predict", "speed", "corrupt", "train", "convert"):  # fmt: skip
        for example in EXAMPLES[name]:
            program, *words = shlex.split(example)
            assert program == "ln-bench"
            shown = ln_bench(*shorter(words))
            assert shown.code == 0, f"{example}\n{shown.err}"
            ran.add(name)
    assert set(EXAMPLES) - ran == {"demo"}  # has a test of its own, for it takes half a minute
    written = ["runs/batchnorm/report/report.md", "sheet.png", "CIFAR-10-C/fog.npy", "photos-c/fog"]
    assert [name for name in written if not (folder / name).exists()] == []
