"""The demo from its images to its report, on few digits."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from robustbench_ln.demo import describe_outcome, run_demo
from robustbench_ln.errors import RecordError
from robustbench_ln.progress import Silent
from robustbench_ln.reports.report import write_report
from robustbench_ln.runs.reading import read_runs
from robustbench_ln.runs.records import read_records
from robustbench_ln.runs.results import read_results
from tests.cli.conftest import (
    ln_bench,  # noqa: F401
    refuses,  # noqa: F401
)

BATCH_MODES = {"bn", "dbn-batch", "dbn-single", "dbn-single-rot90"}


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Run directories of 30 digits at two sigmas."""
    out = tmp_path_factory.mktemp("few") / "demo"
    return run_demo(out, progress=Silent(), sigmas=(0.0, 1.0), limit=30)


def test_every_mode_is_measured_and_told(few):
    batch, local = ({record.mode for record in read_records(run)} for run in few)
    assert batch == BATCH_MODES
    assert len(local) == 6
    assert all(mode.startswith("ln-") for mode in local)
    rows = [record for run in few for record in read_records(run)]
    assert {(r.corruption, r.severity, r.range) for r in rows} == {
        ("clean", 0.0, None), ("agn-additive", 1.0, "none"),
    }  # fmt: skip
    accuracy = {(r.mode, r.severity): r.accuracy for r in rows}
    assert min(accuracy[mode, 0.0] for mode in ("bn", "ln-voting")) > 0.8
    assert accuracy["bn", 1.0] < 0.6 < accuracy["ln-voting", 1.0]
    written = write_report(read_results(few), few[0].parent / "report")
    assert "better than BatchNorm" in describe_outcome(written.frame)
    assert {p.name for p in few[0].parents[1].iterdir()} == {"demo"}


def test_second_run_finishes_what_is_there(few):
    before = {run: (run / "cells.jsonl").read_bytes() for run in few}
    run_demo(few[0].parent, progress=Silent(), sigmas=(0.0, 1.0), limit=30)
    assert before == {run: (run / "cells.jsonl").read_bytes() for run in few}


def test_the_command_of_the_caption_does_the_same(few, ln_bench):  # noqa: F811
    (run,) = read_runs([few[0]])
    outcome = ln_bench(*shlex.split(run.commands[0])[1:])
    assert outcome.code == 0
    assert "every cell is done already" in outcome.err


def test_wrong_folders_are_refused(tmp_path, refuses):  # noqa: F811
    file = tmp_path / "file"
    file.write_text("mine")
    assert "file is a file; give --out a folder" in refuses("demo", "--out", str(file))
    assert "holds other files ('file') and no demo; give --out a new folder" in refuses(
        "demo", "--out", str(tmp_path)
    )
    assert file.read_text() == "mine"
    (tmp_path / "d" / "batchnorm").mkdir(parents=True)
    (tmp_path / "d" / "batchnorm" / "mine.txt").write_text("mine")
    with pytest.raises(RecordError, match=r"holds other files \('mine.txt'\) and no run"):
        run_demo(tmp_path / "d", progress=Silent(), sigmas=(0.0,), limit=10)


SHOWN = Path(__file__).parents[2] / "reproduction" / "records" / "demo.txt"


@pytest.mark.slow
def test_the_demo_prints_what_the_readme_shows(ln_bench, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    assert ln_bench("demo").out == SHOWN.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["ln-bench-demo"]
