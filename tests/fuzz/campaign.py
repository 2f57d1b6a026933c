"""Whole commands on hostile files, area by area: `make fuzz`, and for a moment in CI.

python -m tests.fuzz.campaign --minutes 60 --out FILE.json
python -m tests.fuzz.campaign --seed 5 --case "class lists:12"   # one case again, and its files
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import selectors
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.fuzz.areas import AREAS
from tests.fuzz.effort import CASES, MOST_SECONDS
from tests.fuzz.watch import Verdict

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tests.fuzz.worker"]
_START_SECONDS = 120.0
"""Of the processor."""
_IDLE_SHARE = 0.003
"""Of the time that passed: who uses less of a processor waits for something."""
_CASES_A_PROCESS = 400


class Worker:
    """A process that judges cases; a new one takes its place when a case ends or hangs it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._seed, self._number = folder, seed, 0
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def ask(self, area: str, number: int) -> Verdict:
        """Have a case judged."""
        if self._process is None or self._asked >= _CASES_A_PROCESS:
            self.stop()
            self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        self._asked += 1
        started = time.monotonic()
        line: bytes | None = b""
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{area} {number}\n".encode())
            self._process.stdin.flush()
            line = self._answer(MOST_SECONDS)
        if line:
            return Verdict(**json.loads(line))
        seconds = time.monotonic() - started
        if line is None:
            what = "hangs"
        else:
            what = f"ended the process ({self._process.wait()}): {self._last_words()}"
        self.stop()
        return Verdict(failures=[what], seconds=seconds)

    def _answer(self, most: float) -> bytes | None:
        """Return the next line; b"" where the process ended, None where it hangs.

        It hangs if it has used so many seconds of the processor, or none while as many passed. So
        a machine on which others work, or a thread that the main one waits for, is no hang.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        first = self._used()
        while True:
            before = self._used()
            with selectors.DefaultSelector() as selector:
                selector.register(self._process.stdout, selectors.EVENT_READ)
                if selector.select(most):
                    return self._process.stdout.readline()
            used = self._used()
            if used - first >= most or (used - before < _IDLE_SHARE * most and self._is_idle()):
                return None

    def _is_idle(self) -> bool:
        """Whether no thread of the process runs, or would if others did not."""
        assert self._process is not None
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/stat")
        return all(task.read_text().rpartition(")")[2].split()[0] not in "RD" for task in tasks)

    def _used(self) -> float:
        """Return the processor's time that the process has used, in all its threads."""
        assert self._process is not None
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            return 0.0
        return sum(map(int, stat[11:13])) / os.sysconf("SC_CLK_TCK")

    def _start(self) -> None:
        self._number, self._asked = self._number + 1, 0
        root = self._folder / str(self._number)
        root.mkdir(parents=True)
        environment = os.environ | {
            "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(root / "spare"), "MPLCONFIGDIR": str(root / "spare"),
            "TORCHINDUCTOR_CACHE_DIR": str(root / "spare"),
            "HOME": str(root / "spare"), "COLUMNS": "100",
        }  # fmt: skip
        with (root / "worker.txt").open("wb") as said:
            self._process = subprocess.Popen(
                [*COMMAND, str(root), str(self._seed)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=environment, cwd=ROOT,
            )  # fmt: skip
        assert self._answer(_START_SECONDS), self._last_words()

    def _last_words(self) -> str:
        text = (self._folder / str(self._number) / "worker.txt").read_text(errors="replace")
        return text[-1500:]

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class Tried(NamedTuple):
    """A case, and what came of it."""

    area: str
    number: int
    verdict: Verdict


def try_rounds(worker: Worker, until: float | None = None) -> Iterator[Tried]:
    """Yield the cases of one round, or of rounds until a time."""
    turn = 0
    while True:
        for area in AREAS:
            for number in range(turn * CASES[area], (turn + 1) * CASES[area]):
                if until is not None and time.monotonic() > until:
                    return
                yield Tried(area, number, worker.ask(area, number))
        turn += 1
        if until is None:
            return


class Counts:
    """What came of the cases of each area."""

    def __init__(self) -> None:
        self.by_area: dict[str, Counter[str]] = {area: Counter() for area in AREAS}
        self.failures: list[dict[str, Any]] = []

    def add(self, tried: Tried) -> None:
        """Count a case."""
        count, verdict = self.by_area[tried.area], tried.verdict
        count["cases"] += 1
        outcome = {0: "done", 2: "refused"}.get(
            -1 if verdict.code is None else verdict.code, "other"
        )
        count["failed" if verdict.failures else outcome] += 1
        count["milliseconds"] = max(count["milliseconds"], round(1000 * verdict.seconds))
        count["megabytes"] = max(count["megabytes"], verdict.num_bytes // 10**6)
        if verdict.failures:
            self.failures.append(
                {"area": tried.area, "case": tried.number, "failures": verdict.failures}
            )

    def to_json(self) -> dict[str, Any]:
        """Return the counts and failures."""
        return {"areas": {a: dict(c) for a, c in self.by_area.items()}, "failures": self.failures}


def main() -> int:
    """Run a campaign; return 1 if a case failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, help="default: a new one, which is printed")
    parser.add_argument("--case", help="AREA:NUMBER, to try one case again and keep its files")
    parser.add_argument("--out", type=Path, help="write the counts there")
    given = parser.parse_args()
    seed = secrets.randbelow(2**31) if given.seed is None else given.seed
    folder = Path(tempfile.mkdtemp(prefix="ln-bench-fuzz-"))
    print(f"seed {seed}, in {folder}", flush=True)
    counts, started = Counts(), time.monotonic()
    with Worker(folder, seed) as worker:
        if given.case is not None:
            area, _, number = given.case.rpartition(":")
            print(json.dumps(worker.ask(area, int(number)).to_json(), indent=1))
            return 0
        for tried in try_rounds(worker, started + 60 * given.minutes):
            counts.add(tried)
            if tried.verdict.failures:
                print(f"FAILED {tried.area}:{tried.number}", *tried.verdict.failures, sep="\n  ",
                      flush=True)  # fmt: skip
    minutes = round((time.monotonic() - started) / 60, 1)
    result = {"seed": seed, "minutes": minutes, **counts.to_json()}
    for area, count in counts.by_area.items():
        print(area, dict(count))
    if given.out is not None:
        given.out.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if counts.failures else 0


if __name__ == "__main__":
    sys.exit(main())
