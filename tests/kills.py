"""SIGKILL at random moments of evaluate, corrupt and train, the same command again: the same bytes.

    python -m tests.kills --kills 100 --out FILE.json

Each job is done once without a kill. Then it is started in a new folder and killed, again and
again, until it ends by itself before its time has come: what is in the folder then must be what
the undisturbed command wrote, but for clock times. So on, until there were enough kills.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.cli.conftest import MODEL_FILE

CORRUPT = (
    "corrupt demo:digits --corruptions contrast,fog,jpeg_compression --severities 1,2,3 "
    "--severity-table cifar10-c --workers 2"
)
EVALUATE = (
    "evaluate demo:localnorm --data demo:digits --limit 60 --noise agn,apn "
    "--sigmas 0:1:0.25 --modes ln-single,ln-batch,ln-voting --device-batch 20"
)
JOBS: Mapping[str, str] = {
    "evaluate": EVALUATE,
    "evaluate workers": f"{EVALUATE} --workers 2",
    "corrupt npy": f"{CORRUPT} --limit 500",
    "corrupt folder": f"{CORRUPT} --limit 60 --format folder",
    "corrupt npz": "corrupt demo:digits --noise agn,apn --sigmas 0.5,1,2 --limit 500 --workers 2",
    "train": "train --model ../net.py:network --normalize none --data arrays:../data.npz "
    "--recipe mnist --norm local --groups 5 --epochs 6",
}
_MOST_STARTS = 60
"""In one folder, before it is said that the command does not get on."""


def main() -> int:
    """Kill jobs; return 1 if a folder was not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, help="default: a new one, which is printed")
    parser.add_argument("--jobs", default=",".join(JOBS), help="comma-separated names")
    parser.add_argument("--out", type=Path, help="write the counts there")
    given = parser.parse_args()
    seed = secrets.randbelow(2**31) if given.seed is None else given.seed
    folder = Path(tempfile.mkdtemp(prefix="ln-bench-kills-"))
    print(f"seed {seed}, in {folder}", flush=True)
    os.chdir(folder)
    _make_inputs()
    _import_all()
    dice, counts = random.Random(seed), {}
    jobs = given.jobs.split(",")
    for index, job in enumerate(jobs):
        share = given.kills * (index + 1) // len(jobs) - given.kills * index // len(jobs)
        counts[job] = kill_job(job, share, dice)
        print(job, dict(counts[job]), flush=True)
    if given.out is not None:
        content = {"seed": seed, "jobs": {job: dict(count) for job, count in counts.items()}}
        given.out.write_text(json.dumps(content, indent=1) + "\n")
    if any(count["different"] for count in counts.values()):
        return 1
    shutil.rmtree(folder)
    return 0


def kill_job(job: str, num_kills: int, dice: random.Random) -> Counter[str]:
    """Kill a job so many times, each folder until it is done; count what was seen."""
    name = job.replace(" ", "-")
    started = time.monotonic()
    assert _end(_start(job, Path(f"{name}-whole")), 600.0) == 0
    seconds = time.monotonic() - started
    whole = content_of(Path(f"{name}-whole/out"))
    count: Counter[str] = Counter({"kills": 0, "folders": 0, "same": 0, "different": 0})
    while count["kills"] < num_kills or count["same"] + count["different"] < count["folders"]:
        place = Path(f"{name}-{count['folders']}")
        count["folders"] += 1
        for start in range(_MOST_STARTS):
            wait = dice.random() * seconds if count["kills"] < num_kills else 600.0
            # Four of five kills come after something was written: before, there is much to import.
            after = place / "out" if wait < 600 and dice.random() < 0.8 else None
            code = _end(_start(job, place), wait, after)
            if code is None:
                count["kills"] += 1
                _note_traces(place / "out", count)
                continue
            found = content_of(place / "out") if code == 0 else {}
            is_same = found == whole
            count["same" if is_same else "different"] += 1
            if not is_same:
                names = [n for n in {*whole, *found} if whole.get(n) != found.get(n)]
                print(f"{place}, start {start}, exit {code}: {sorted(names)[:9]}", flush=True)
                print((place / "said.txt").read_text()[-2000:], flush=True)
            else:
                shutil.rmtree(place)
            break
        else:
            raise AssertionError(f"{place}: not done after {_MOST_STARTS} starts")
    return count


def content_of(folder: Path) -> dict[str, Any]:
    """Return what is in each file, without clock times and the names of folders."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir() or name in ("lock", ".lock"):
            continue
        content = path.read_bytes()
        if name in ("cells.jsonl", "log.csv", "report/cells.csv"):
            found[name] = _rows(re.sub(r'"seconds": [^,}]*', "", content.decode()), name)
        else:
            found[name] = content
    return found


def _rows(text: str, name: str) -> list[str]:
    lines = text.splitlines()
    if name.endswith(".csv"):
        drop = lines[0].split(",").index("seconds")
        return [",".join(p for i, p in enumerate(line.split(",")) if i != drop) for line in lines]
    return sorted(lines)


def _note_traces(folder: Path, count: Counter[str]) -> None:
    """Count what a kill left half done: it shows that kills come at bad moments."""
    if not folder.exists():
        count["before the folder"] += 1
        return
    count["with a .part"] += any(True for _ in folder.rglob("*.part"))
    for log in (*folder.glob("*.jsonl"), *folder.glob("*.csv")):
        content = log.read_bytes()
        count["with a torn line"] += bool(content) and not content.endswith(b"\n")


def _start(job: str, place: Path) -> int:
    """Start a job in a process of its own, all of whose modules are imported; return its id."""
    place.mkdir(exist_ok=True)
    child = os.fork()
    if child:
        return child
    try:
        from robustbench_ln.cli.main import run_command_line

        os.chdir(place)
        log = os.open("said.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.argv = ["ln-bench", *JOBS[job].split(), "--out", "out"]
        os._exit(run_command_line())
    except BaseException:  # noqa: BLE001
        import traceback

        traceback.print_exc()
        os._exit(1)


def _end(child: int, seconds: float, after: Path | None = None) -> int | None:
    """Wait for a process; return its exit code, or None if its time came and it was killed.

    Args:
        child: The process.
        seconds: Its time.
        after: Folder in which something must change before its time begins to run.
    """
    before = None if after is None else _look(after)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if after is not None and _look(after) == before:
            until = time.monotonic() + seconds
        else:
            after = None
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    return None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)


def _look(folder: Path) -> list[tuple[str, int, int]]:
    """Return names, sizes and times of what is in a folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        found = [
            (e.name, e.stat(follow_symlinks=False)) for e in entries if e.name.strip(".") != "lock"
        ]
    return sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in found)


def _make_inputs() -> None:
    Path("net.py").write_text(MODEL_FILE)
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (400, 28, 28, 3)).astype(np.uint8)
    np.savez("data.npz", images=images, labels=np.arange(400) % 5)


def _import_all() -> None:
    """Import what the jobs do: kills while modules are imported would show nothing."""
    import matplotlib.pyplot
    import pandas

    import robustbench_ln.api
    import robustbench_ln.cli.main
    import robustbench_ln.corrupted_sets.writer
    import robustbench_ln.reports.report
    import robustbench_ln.training

    del matplotlib, pandas, robustbench_ln
    torch.set_num_threads(1)


if __name__ == "__main__":
    sys.exit(main())
