"""What --download means in each command that has it."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import models

from robustbench_ln.models import source
from tests.cli.conftest import Lab

NAME = "squeezenet1_1-b8a52dc0.pth"


@pytest.fixture
def words(lab: Lab) -> list[str]:
    np.savez(
        lab.folder / "large.npz", images=np.zeros((2, 64, 64, 3), np.uint8), labels=np.arange(2)
    )
    return [
        "evaluate", str(lab.folder / NAME), "--arch", "torchvision:squeezenet1_1",
        "--normalize", "imagenet", "--data", f"arrays:{lab.folder}/large.npz",
        "--out", str(lab.folder / "run"), "--download",
    ]  # fmt: skip


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    paths: list[Path] = []

    def fetch(path: Path, arch: str) -> None:
        paths.append(path)
        torch.save(models.get_model(arch.partition(":")[2]).state_dict(), path)

    monkeypatch.setattr(source, "fetch_weights", fetch)
    return paths


def test_evaluate_fetches_missing_weights_once(lab, ln_bench, words, fetched):
    """The same command resumes, although arrays cannot be fetched and the weights are there."""
    assert ln_bench(*words).code == 0
    again = ln_bench(*words)
    assert again.code == 0, again.err
    assert fetched == [lab.folder / NAME]


def test_every_command_with_a_checkpoint_can_fetch_it(lab, ln_bench, fetched):
    (lab.folder / "weights").mkdir()
    path = lab.folder / "weights" / "resnet18-f37072fd.pth"
    arch = ["--arch", "torchvision:resnet18", "--download"]
    picture = lab.folder / "grey.png"
    Image.new("L", (80, 70)).save(picture)
    commands = [
        ["inspect", str(path), *arch],
        ["convert", str(path), *arch, "--groups", "2", "--out", f"{lab.folder}/ln.safetensors"],
        ["predict", str(path), str(picture), *arch, "--normalize", "imagenet", "--modes", "bn",
         "--resize", "64", "--crop", "64"],
    ]  # fmt: skip
    for number, command in enumerate(commands, start=1):
        outcome = ln_bench(*command)
        assert outcome.code == 0, outcome.err
        assert fetched == [path] * number
        path.unlink()


def test_an_unreachable_host_is_one_line(refuses, words, monkeypatch):
    def fail(request):
        raise URLError(OSError(-2, "Name or service not known"))

    monkeypatch.setattr(torch.hub, "urlopen", fail)
    line = refuses(*words)
    assert f"{NAME} could not be fetched to" in line
    assert "Name or service not known>); fetch it by hand and leave --download out" in line
    assert "add --download" in refuses(*words[:-1])


def test_nothing_to_fetch_is_refused(lab, refuses, words):
    assert "--download: cannot fetch arrays; it fetches cifar10" in refuses(
        *lab.command("--download")
    )
    inspect = ["inspect", str(lab.folder / "net.pt"), "--arch", "resnet20", "--download"]
    assert "resnet20 is neither, so leave it out" in refuses(*inspect)
