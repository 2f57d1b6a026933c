"""A full disk and a failing one, at every write, sync and renaming of every writer.

The command ends in one line, what was finished is kept, and the same command ends with the bytes
that it would have written without the failure.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from robustbench_ln.cli import suites
from robustbench_ln.corrupted_sets import set_format
from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate
from robustbench_ln.errors import LnBenchError
from robustbench_ln.reports.report import write_report
from robustbench_ln.reports.report_files import write_files
from robustbench_ln.reports.settings import ReportSettings
from robustbench_ln.runs.results import read_results
from robustbench_ln.runs.writing import RunDirectory
from robustbench_ln.training.directory import TrainingDirectory
from robustbench_ln.training.log import EpochRow, NormRow
from tests.corrupted_sets.sample_sets import make_images, make_spec
from tests.failing_disk import failing_disk
from tests.reports.synthetic_runs import describe, make_record, write_run

MAKE_FOLDER = os.mkdir
ERRORS = {"full": errno.ENOSPC, "failing": errno.EIO}
ROWS = [make_record("ln-voting", severity=sigma) for sigma in (0.0, 0.5, 1.0)]


def _run(folder: Path) -> None:
    with RunDirectory(folder, describe(ROWS[0])) as run:
        for row in ROWS:
            if row.cell not in run.cells:
                run.append([row])
        write_files(folder / "predictions", {"a": b"1", "b": b"2"})


def _training(folder: Path) -> None:
    about = {"settings": {"seed": 0}, "recipe": {}, "runs": ["a"]}
    with TrainingDirectory(folder, about) as directory:
        state = directory.read_state()
        for epoch in range(1 + (state["epochs"] if state else 0), 4):
            directory.write_epoch(
                EpochRow(epoch, 0.1, 2.5, 0.25, 0.3, 1.0),
                [NormRow(epoch, "bn", 0, 1.0, 0.0, 0.0, 0.0)],
                checkpoint={"state_dict": {"w": torch.ones(2)}, "epoch": epoch},
                state={"epochs": epoch, "model": {}, "optimizer": {}},
                is_best=epoch != 2,
            )


def _set(kind: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        spec = make_spec(names=("contrast", "brightness"), severities=(1,), format=kind)
        generate(make_images(3, side=8), spec, out=folder, options=GenerationOptions(workers=1))

    return write


def _report(folder: Path) -> None:
    run = folder.parent / "of_report"
    if not run.exists():
        write_run(run, [make_record("bn")])
    write_report(read_results([run]), folder, ReportSettings(figures=("none",)))


def _suite(folder: Path) -> None:
    if not folder.exists():
        MAKE_FOLDER(folder)  # of whoever gives the command
    suites.write_suite(folder / "a.toml", ["demo:batchnorm", "--data", "demo:digits", "--out", "o"])


WRITERS: dict[str, Callable[[Path], None]] = {
    "run": _run, "training": _training, "npy": _set("npy"), "npz": _set("npz"),
    "folder": _set("folder"), "report": _report, "suite": _suite,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that an array is written in several blocks."""
    monkeypatch.setattr(set_format, "_UNIT_VALUES", 2 * 8 * 8 * 3)


def content_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "lock" not in path.name
    }


@pytest.mark.parametrize("disk", ERRORS)
@pytest.mark.parametrize("writer_of", WRITERS)
def test_some_operations_may_fail(tmp_path: Path, writer_of: str, disk: str) -> None:
    check_failures(WRITERS[writer_of], ERRORS[disk], tmp_path, most=6)


@pytest.mark.slow
@pytest.mark.parametrize("disk", ERRORS)
@pytest.mark.parametrize("writer_of", WRITERS)
def test_every_operation_may_fail(tmp_path: Path, writer_of: str, disk: str) -> None:
    check_failures(WRITERS[writer_of], ERRORS[disk], tmp_path, most=10_000)


def check_failures(
    write: Callable[[Path], None], number: int, tmp_path: Path, *, most: int
) -> None:
    """Let one operation after the other fail; at most so many, evenly spread, and the last."""
    good = tmp_path / "good"
    with failing_disk(good) as counted:
        write(good)
    expected = content_of(good)
    operations = counted.operations
    assert {"write", "fsync", "replace"} <= {name.partition(" ")[0] for name in operations}
    step = max(1, len(operations) // most)
    for at in sorted({*range(0, len(operations), step), len(operations) - 1}):
        folder, operation = tmp_path / f"{at}", operations[at]
        with failing_disk(folder, number, at) as failing:
            try:
                write(folder)
            except LnBenchError as error:
                assert len(str(error).splitlines()) == 1, operation  # noqa: PT017
                assert os.strerror(number) in str(error), (operation, error)  # noqa: PT017
                assert str(folder) in str(error), (operation, error)  # noqa: PT017
            else:  # it was tried again, and then there was no failure
                assert number == errno.EIO, operation
                assert content_of(folder) == expected, operation
        assert len(failing.operations) > at
        write(folder)
        assert content_of(folder) == expected, operation
        shutil.rmtree(folder)


@pytest.mark.parametrize("disk", ERRORS)
def test_rows_that_were_written_stay(tmp_path: Path, disk: str) -> None:
    with failing_disk(tmp_path / "good") as counted:
        _run(tmp_path / "good")
    for at in range(len(counted.operations)):
        folder, appended = tmp_path / f"{at}", []
        with failing_disk(folder, ERRORS[disk], at):
            try:
                with RunDirectory(folder, describe(ROWS[0])) as run:
                    for row in ROWS:
                        run.append([row])
                        appended.append(row.to_line())
            except LnBenchError:
                pass
        cells = folder / "cells.jsonl"
        lines = cells.read_text().splitlines(keepends=True) if cells.exists() else []
        assert lines[: len(appended)] == appended
        assert lines[len(appended) :] in ([], [ROWS[len(appended) % 3].to_line()])
