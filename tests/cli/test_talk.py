from __future__ import annotations

import errno
import re

import pytest

from robustbench_ln.cli import talk
from robustbench_ln.errors import RecordError
from tests.failing_disk import failing_disk

SMALL = ["evaluate", "demo:batchnorm", "--data", "demo:digits", "--limit", "8", "--modes", "bn"]
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d ")


@pytest.fixture
def run(tmp_path):
    return [*SMALL, "--stat-batch", "4", "--out", str(tmp_path / "run")]


def test_quiet_says_warnings_and_results_alone(ln_bench, run):
    done = ln_bench(*run, "--normalize", "symmetric", "--quiet")
    assert done.code == 0
    assert "BatchNorm" in done.out
    assert done.err.splitlines() == [
        line for line in done.err.splitlines() if line.startswith("Warning")
    ]
    assert "cell" in ln_bench(*run, "--normalize", "symmetric").err  # quiet is for one command


def test_verbose_has_a_line_for_every_cell(ln_bench, run):
    done = ln_bench(*run, "--noise", "agn", "--sigmas", "0,1", "--verbose")
    cells = [line for line in done.err.splitlines() if re.match(r"\d/2 cells, ", line)]
    assert [line[:12] for line in cells] == ["1/2 cells, c", "2/2 cells, a"]


def test_a_log_keeps_all_that_was_said(ln_bench, run, tmp_path):
    log = tmp_path / "log.txt"
    first = ln_bench(*run, "--quiet", "--log", str(log))
    ln_bench("list", "nothing", "--log", str(log))
    lines = log.read_text().splitlines()
    assert all(STAMP.match(line) for line in lines)
    said = [STAMP.sub("", line) for line in lines]
    assert said[0].startswith("ln-bench evaluate demo:batchnorm")
    assert "to do: 1 cell" in said
    assert "to do: 1 cell" not in first.err
    assert f"{tmp_path}/run/report/report.md" in said
    assert said[-1].startswith("Error: unknown list 'nothing'")


def test_what_cannot_be(refuses, run, tmp_path):
    assert "exclude each other" in refuses(*run, "--quiet", "--verbose")
    assert "gone" in refuses(*run, "--log", str(tmp_path / "gone" / "log.txt"))


def test_a_log_that_cannot_grow_is_given_up(ln_bench, run, tmp_path, monkeypatch):
    log = tmp_path / "log.txt"
    append = talk.append_whole

    def full(path, content):
        if log.exists():
            raise RecordError("cannot write it: no space left")
        append(path, content)

    monkeypatch.setattr(talk, "append_whole", full)
    done = ln_bench(*run, "--log", str(log))
    assert done.code == 0
    assert done.err.splitlines()[0] == (
        "Warning: the log ends here; cannot write it: no space left"
    )
    assert len(log.read_text().splitlines()) == 1


def test_a_full_disk_ends_the_log_and_not_the_work(tmp_path, ln_bench):
    """Whichever operation fails: the result, a warning, and no half of a line in the log."""
    log = tmp_path / "log" / "log.txt"
    log.parent.mkdir()
    words = ["list", "nope", "--log", str(log)]
    with failing_disk(log.parent) as counted:
        assert ln_bench(*words).code == 2
    assert len(counted.operations) > 4
    for at in range(len(counted.operations)):
        log.unlink()
        with failing_disk(log.parent, errno.ENOSPC, at):
            outcome = ln_bench(*words)
        assert outcome.code == 2
        assert "No space left on device" in outcome.err, at
        assert [line.partition(":")[0] for line in outcome.err.splitlines()].count("Error") == 1
        content = log.read_text() if log.exists() else ""
        assert content == "" or content.endswith("\n"), at
        log.touch()


def test_a_log_has_no_control_characters(tmp_path, ln_bench):
    log = tmp_path / "log.txt"
    assert ln_bench("list", "a\x1b[2J\udcff", "--log", str(log)).code == 2
    first, second = log.read_text().splitlines()
    assert "ln-bench list 'a\\x1b[2J\\udcff'" in first
    assert "unknown list 'a\\x1b[2J\\udcff'" in second
