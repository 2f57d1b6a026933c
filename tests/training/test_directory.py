from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from robustbench_ln.errors import RecordError
from robustbench_ln.files import appended_files, whole_files
from robustbench_ln.training.directory import TrainingDirectory
from robustbench_ln.training.log import (
    NormRow,
)
from tests.training.stages import ROW

ABOUT = {"settings": {"recipe": "mnist", "seed": 0}, "recipe": {"epochs": 3}, "runs": ["a"]}


def write(directory: TrainingDirectory, epochs: int, *, is_best: bool = True) -> None:
    directory.write_epoch(
        ROW._replace(epoch=epochs),
        [NormRow(epochs, "bn", 0, 1.0, 0.0, 0.0, 0.0)],
        checkpoint={"state_dict": {"w": torch.full((2,), float(epochs))}, "epoch": epochs},
        state={"epochs": epochs, "model": {}, "optimizer": {}},
        is_best=is_best,
    )


def epoch_of(file: Path) -> int:
    return torch.load(file)["epoch"]


def fill_disk(monkeypatch, module, suffix: str) -> None:
    """Syncing a file of this name fails, as on a full disk."""

    def fail(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").resolve().name.startswith(suffix):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.os, "fsync", fail)


def test_an_epoch_is_written_whole(tmp_path):
    with TrainingDirectory(tmp_path / "run", ABOUT) as directory:
        assert directory.read_state() is None
        write(directory, 1)
        write(directory, 2, is_best=False)
        assert directory.read_state()["epochs"] == 2
    run = tmp_path / "run"
    assert (epoch_of(run / "best.pt"), epoch_of(run / "last.pt")) == (1, 2)
    assert (run / "log.csv").read_text() == (
        "epoch,learning_rate,train_loss,train_accuracy,validation_accuracy,seconds\n"
        "1,0.1,2.5,0.25,0.333333333,12\n"
        "2,0.1,2.5,0.25,0.333333333,12\n"
    )
    assert not list(run.glob("*.part"))


@pytest.mark.parametrize("name", ["best.pt", "last.pt", "log.csv", "norms.csv", "state.pt"])
def test_a_full_disk_loses_nothing(tmp_path, monkeypatch, name):
    """Whichever file does not fit: one line, and the epoch before can be gone on from."""
    with TrainingDirectory(tmp_path / "run", ABOUT) as directory:
        write(directory, 1)
        module = appended_files if name.endswith(".csv") else whole_files
        with monkeypatch.context() as patch:
            fill_disk(patch, module, name)
            with pytest.raises(RecordError, match="No space left on device; free some space and r"):
                write(directory, 2)
        for weights in ("best.pt", "last.pt"):
            assert epoch_of(tmp_path / "run" / weights) in (1, 2)
        assert not list((tmp_path / "run").glob("*.part"))
        assert directory.read_state()["epochs"] == 1
        assert (tmp_path / "run/log.csv").read_text().count("\n") == 2
        write(directory, 2)
        assert directory.read_state()["epochs"] == 2
        assert (tmp_path / "run/norms.csv").read_text().count("\n") == 3


def test_two_processes_do_not_share_a_directory(tmp_path):
    (tmp_path / "run").mkdir()
    with (
        FileLock(tmp_path / "run/lock"),
        pytest.raises(RecordError, match="in use by another ln-bench"),
    ):
        TrainingDirectory(tmp_path / "run", ABOUT)
    TrainingDirectory(tmp_path / "run", ABOUT).__exit__(None, None, None)
    with TrainingDirectory(tmp_path / "run", ABOUT):
        pass


@pytest.mark.parametrize("name", ["best.pt", "last.pt"])
def test_a_checkpoint_that_was_taken_away_is_missed(tmp_path, name):
    with TrainingDirectory(tmp_path / "run", ABOUT) as directory:
        write(directory, 1)
        (tmp_path / "run" / name).unlink()
        with pytest.raises(RecordError, match=f"{name} is missing, which later epochs may not"):
            directory.read_state()


def test_settings_that_were_named_by_their_options_are_read(tmp_path):
    with TrainingDirectory(tmp_path / "run", ABOUT):
        pass
    file = tmp_path / "run" / "train.json"
    earlier = json.loads(file.read_text())
    earlier["options"] = {"--recipe": "mnist", "--seed": 0, "--groups": 8, "--data": "ab",
                          "--learning-rate": 0.1, "the code of --model": "cd"}  # fmt: skip
    del earlier["settings"]
    file.write_text(json.dumps(earlier))
    settings = {"recipe": "mnist", "seed": 0, "num_groups": 8, "images": "ab",
                "learning_rate": 0.1, "model_code": "cd"}  # fmt: skip
    with TrainingDirectory(tmp_path / "run", ABOUT | {"settings": settings}):
        assert json.loads(file.read_text())["settings"] == settings
    for name, what in (("seed", "seed="), ("model_code", "the code of model=")):
        changed = ABOUT | {"settings": settings | {name: 5}}
        with (
            pytest.raises(RecordError, match=f"was started with {what} .*; now 5 is asked for"),
            TrainingDirectory(tmp_path / "run", changed),
        ):
            pass


def test_runs_are_collected(tmp_path):
    for command in ("a", "b", "a"):
        with TrainingDirectory(tmp_path / "run", ABOUT | {"runs": [command]}):
            pass
    assert json.loads((tmp_path / "run/train.json").read_text())["runs"] == ["a", "b"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", "list", "keys"])
def test_a_damaged_state_says_what_is_left(tmp_path, content):
    with TrainingDirectory(tmp_path / "run", ABOUT) as directory:
        write(directory, 1)
        file = tmp_path / "run/state.pt"
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            torch.save([1] if content == "list" else {"epochs": 1}, file)
        with pytest.raises(RecordError, match=r"state.pt is damaged; .*last.pt may serve as init="):
            directory.read_state()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is not of a training of"),
        ('{"options": [1]}', "is not of a training of"),
        ('{"settings": {"recipe": "mnist", "seed": 0}, "runs": 5}', "is not of a training of"),
        (b"\xff", "is not JSON"),
    ],
)
def test_a_damaged_description_is_refused(tmp_path, content, message):
    file = tmp_path / "train.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RecordError, match=message):
        TrainingDirectory(tmp_path, ABOUT)
