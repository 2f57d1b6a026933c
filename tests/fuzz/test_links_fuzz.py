"""Whatever a stranger made a link in a folder of ours: nothing elsewhere is written or deleted.

Each example plants one link, to a file, a folder or nothing, in place of a member of a finished
run, training, set or report or beside it as its .part, and gives the command again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate
from robustbench_ln.errors import LnBenchError, RecordError
from robustbench_ln.reports.report import write_report
from robustbench_ln.reports.report_files import write_files
from robustbench_ln.runs.results import read_results
from robustbench_ln.runs.writing import RunDirectory
from robustbench_ln.training.directory import TrainingDirectory
from robustbench_ln.training.log import EpochRow, NormRow
from tests.corrupted_sets.sample_sets import make_images, make_spec
from tests.fuzz.effort import examples
from tests.reports.synthetic_runs import describe, make_record, write_run

SEED = 20_251
NUM_EXAMPLES = examples("links")


ABOUT = describe(make_record("ln-voting"))


def _run(folder: Path) -> None:
    with RunDirectory(folder, ABOUT) as run:
        run.append([make_record("ln-voting")])
        for name in ("predictions", "report"):
            write_files(folder / name, {"a": b"1", "b": b"2"})


def _training(folder: Path) -> None:
    about = {"settings": {"seed": 0}, "recipe": {}, "runs": ["a"]}
    state = {"epochs": 1, "model": {}, "optimizer": {}}
    with TrainingDirectory(folder, about) as directory:
        directory.read_state()
        directory.write_epoch(
            EpochRow(1, 0.1, 2.5, 0.25, 0.3, 1.0),
            [NormRow(1, "bn", 0, 1.0, 0.0, 0.0, 0.0)],
            checkpoint={"state_dict": {"w": torch.ones(2)}},
            state=state,
            is_best=True,
        )


def _set(folder: Path, set_format: str, *, overwrite: bool) -> None:
    spec = make_spec(names=("contrast",), severities=(1,), format=set_format)
    options = GenerationOptions(workers=1, overwrite=overwrite)
    generate(make_images(3), spec, out=folder, options=options)


def _report(folder: Path) -> None:
    run = folder.parent / "of_report"
    if not run.exists():
        write_run(run, [make_record("bn")])
    write_report(read_results([run]), folder)


COMMANDS: dict[str, Callable[[Path], None]] = {
    "run": _run,
    "training": _training,
    "arrays": lambda folder: _set(folder, "npy", overwrite=False),
    "arrays again": lambda folder: _set(folder, "npy", overwrite=True),
    "archives again": lambda folder: _set(folder, "npz", overwrite=True),
    "folders": lambda folder: _set(folder, "folder", overwrite=False),
    "folders again": lambda folder: _set(folder, "folder", overwrite=True),
    "report": _report,
}


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("kind", COMMANDS)
def test_nothing_is_written_or_deleted_through_links(tmp_path: Path, kind: str) -> None:
    elsewhere, good = tmp_path / "elsewhere", tmp_path / "good"
    (elsewhere / "folder/1/0").mkdir(parents=True)
    for name in ("victim", "folder/precious", "folder/1/precious", "folder/1/0/0.png"):
        (elsewhere / name).write_bytes(b"precious")
    COMMANDS[kind](good)
    members = sorted(str(path.relative_to(good)) for path in good.rglob("*"))
    before, refused = digest(elsewhere), 0
    draws = np.random.default_rng([SEED, len(kind)])
    for example in range(NUM_EXAMPLES):
        place = members[draws.integers(len(members))] + ("", ".part")[draws.integers(2)]
        target = ("victim", "folder", "none")[draws.integers(3)]
        folder = tmp_path / "tried"
        shutil.copytree(good, folder)
        link = folder / place
        if link.is_dir():
            shutil.rmtree(link)
        link.unlink(missing_ok=True)
        link.symlink_to(elsewhere / target)
        try:
            COMMANDS[kind](folder)
        except LnBenchError as error:
            assert len(str(error).splitlines()) == 1, example  # noqa: PT017
            assert str(link) in str(error) or "run.json" in str(error), example  # noqa: PT017
            refused += isinstance(error, RecordError)
        assert digest(elsewhere) == before, (example, place, target)
        assert not (elsewhere / "none").exists(), (example, place)
        shutil.rmtree(folder)
    assert refused > NUM_EXAMPLES / 2
