"""kill -9 at any moment, the same command again: the same rows."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from robustbench_ln.runs.records import read_records
from tests.kills import JOBS


def start(lab, run: str, *more: str) -> subprocess.Popen:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    words = lab.command("--sigmas", "0:2:0.1", *more, run=run)
    return subprocess.Popen(
        [sys.executable, "-m", "robustbench_ln", *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip


def wait_for_lines(process: subprocess.Popen, cells, number: int) -> None:
    """Until the run has so many rows, or is done."""
    while process.poll() is None:
        if cells.is_file() and cells.read_bytes().count(b"\n") >= number:
            return
        time.sleep(0.002)


def sorted_rows(run) -> list[str]:
    rows = [json.loads(record.to_line()) for record in read_records(run)]
    return sorted(json.dumps(row | {"seconds": None}, sort_keys=True) for row in rows)


def workers_of(process: int) -> list[int]:
    """The server of workers that a process has started, and what that has forked."""
    children = Path(f"/proc/{process}/task/{process}/children")
    found = [int(child) for child in children.read_text().split()] if children.is_file() else []
    return [one for child in found for one in (child, *workers_of(child))]


def wait_until_gone(processes: list[int]) -> None:
    ends = time.monotonic() + 20
    while any(Path(f"/proc/{process}").exists() for process in processes):
        assert time.monotonic() < ends, "workers outlive their parent"
        time.sleep(0.01)


def check_kills(lab, waits: list[tuple[int, float]], *more: str) -> list[str]:
    whole = start(lab, "whole")
    assert whole.wait() == 0
    expected = sorted_rows(lab.folder / "whole")
    log, seen = [], []
    for number, delay in waits:
        process = start(lab, "run", *more)
        wait_for_lines(process, lab.folder / "run/cells.jsonl", number)
        time.sleep(delay)
        workers = workers_of(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        seen.append(len(workers))
        wait_until_gone(workers)
        cells = lab.folder / "run/cells.jsonl"
        content = cells.read_bytes() if cells.is_file() else b""
        torn = len(content) - (content.rfind(b"\n") + 1)
        whole_rows = content.count(b"\n")
        log.append(f"killed with {whole_rows} whole rows, {torn} bytes of a torn one")
    assert start(lab, "run").wait() == 0
    assert sorted_rows(lab.folder / "run") == expected
    assert not list((lab.folder / "run").rglob("*.part"))
    assert not more or max(seen) == 3, "a server and two workers at least once"
    return log


def test_three_kills_change_no_row(lab):
    check_kills(lab, [(0, 0.0), (9, 0.003), (30, 0.011)])


def test_a_kill_leaves_no_worker_behind_and_changes_no_row(lab):
    check_kills(lab, [(9, 0.01)], "--workers", "2")


@pytest.mark.slow
def test_twenty_kills_with_workers_leave_none_and_change_no_row(lab):
    dice = random.Random(1)
    waits = [(number, dice.random() * 0.05) for number in range(1, 81, 4)]
    print("\n".join(check_kills(lab, waits, "--workers", "2")))


def kill(tmp_path, kills: int, *jobs: str) -> None:
    """Kill jobs as `python -m tests.kills` does, in a process of its own."""
    words = ["--kills", str(kills), "--seed", "17", "--jobs", ",".join(jobs)]
    out = tmp_path / "kills.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.kills", *words, "--out", str(out)],
        cwd=Path(__file__).parents[2], env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(out.read_text())["jobs"]
    assert sum(count["kills"] for count in counts.values()) == kills
    for count in counts.values():
        assert count["same"] == count["folders"] > 0


def test_two_kills_change_no_byte(tmp_path):
    kill(tmp_path, 2, "corrupt folder", "train")


@pytest.mark.slow
def test_fifty_kills_change_no_byte(tmp_path):
    kill(tmp_path, 50, *JOBS)
