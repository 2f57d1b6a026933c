"""Whole commands on hostile files: a moment of `make fuzz`, and what the judge sees."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from robustbench_ln.texts.console import say, say_aside
from tests.fuzz import campaign
from tests.fuzz import watch as judging
from tests.fuzz.areas import AREAS
from tests.fuzz.campaign import Counts, Worker, try_rounds
from tests.fuzz.effort import CASES, SEED
from tests.fuzz.watch import Case, Verdict, Watch, judge

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="memory is looked up in Linux's /proc"
)


def test_no_command_does_what_it_must_not(tmp_path: Path) -> None:
    counts = Counts()
    with Worker(tmp_path, SEED) as worker:
        for tried in try_rounds(worker):
            counts.add(tried)
    assert counts.failures == []
    assert {area: count["cases"] for area, count in counts.by_area.items()} == CASES
    assert all(count["refused"] for count in counts.by_area.values())
    done = sum(count["done"] for count in counts.by_area.values())
    assert done > 10  # or the files are so bad that little of the code is reached


def test_every_area_has_its_effort() -> None:
    assert AREAS.keys() == CASES.keys()


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.fixture
def judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> Iterator[Callable[[Callable[[], int]], Verdict]]:
    """Judges a function as if it were the command line."""
    for name in ("case", "outside", "spare"):
        (tmp_path / name).mkdir()

    def run(command: Callable[[], int]) -> Verdict:
        monkeypatch.setattr(judging, "run_command_line", command)
        return judge(
            Case(["x"], ["out"]), tmp_path / "case", outside=tmp_path / "outside",
            spare=tmp_path / "spare", watch=watch,
        )  # fmt: skip

    yield run
    watch.is_on = False


def _good() -> int:
    Path("out").mkdir()
    Path("out/a.md").write_text("good\n")
    say("done")
    return 0


def _refuses() -> int:
    say_aside("Error: no good")
    return 2


@pytest.mark.parametrize("command", [_good, _refuses])
def test_the_judge_lets_good_commands_pass(judged, command) -> None:
    assert judged(command).failures == []


def _raises() -> int:
    raise ZeroDivisionError("x")


def _two_lines() -> int:
    say_aside("Error: a\nError: b")
    return 2


def _escape() -> int:
    sys.stdout.write("\x1b[2J")
    return 0


def _turns_text() -> int:
    Path("out").mkdir()
    Path("out/a.md").write_text("\u202e", encoding="utf-8")
    return 0


def _writes_beside() -> int:
    Path("beside").write_text("x")
    return 0


def _deletes_outside() -> int:
    Path("../outside").rmdir()
    return 0


def _follows_a_link() -> int:
    Path("out").mkdir()
    Path("out/a").symlink_to("../../outside/b")
    Path("out/a").write_text("x")
    return 0


def _starts_a_process() -> int:
    return os.system("true")


def _connects() -> int:
    socket.socket().close()
    return 0


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (_raises, "ZeroDivisionError: x"), (_two_lines, "2 lines of errors"), (lambda: 1, "exit code 1"),
        (_escape, "stdout has a control"), (_turns_text, "a.md has '\\u202e'"),
        (_writes_beside, "writes beside"), (_deletes_outside, "os.rmdir"),
        (_follows_a_link, "writes out/a"), (_starts_a_process, "os.system"),
        (_connects, "socket.__new__"),
    ],
)  # fmt: skip
def test_the_judge_sees(judged, command, said) -> None:
    assert any(said in failure for failure in judged(command).failures)


def test_the_judge_sees_memory(judged, monkeypatch) -> None:
    monkeypatch.setattr(judging, "MOST_BYTES", 10**8)
    assert any("bytes for 0" in failure for failure in judged(_good).failures)


@pytest.mark.parametrize(
    ("then", "said"),
    [("time.sleep(60)", "hangs"), ("os._exit(7)", "ended the process (7): last words")],
)
def test_a_hang_and_a_dead_process_are_seen(tmp_path, monkeypatch, then, said) -> None:
    monkeypatch.setattr(campaign, "MOST_SECONDS", 1.0)
    program = "import os, sys, time; print('{}', flush=True); print('last words', file=sys.stderr, "
    program += f"flush=True); input(); {then}"
    monkeypatch.setattr(campaign, "COMMAND", [sys.executable, "-c", program])
    with Worker(tmp_path, SEED) as worker:
        (failure,) = worker.ask("sets", 0).failures
        assert failure.startswith(said)


def test_a_thread_that_is_waited_for_is_no_hang(tmp_path, monkeypatch) -> None:
    # As in an evaluation: the main thread sleeps while another one reads the next images.
    monkeypatch.setattr(campaign, "MOST_SECONDS", 1.0)
    program = """
import json, threading, time
def read():
    until = time.monotonic() + 1.5
    while time.monotonic() < until and time.thread_time() < 0.8:
        sum(range(10_000))
print("{}", flush=True)
input()
thread = threading.Thread(target=read)
thread.start()
thread.join()
print(json.dumps({"code": 0}), flush=True)
"""
    monkeypatch.setattr(campaign, "COMMAND", [sys.executable, "-c", program])
    with Worker(tmp_path, SEED) as worker:
        assert worker.ask("sets", 0).failures == []
