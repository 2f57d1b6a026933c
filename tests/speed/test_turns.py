from __future__ import annotations

import os
import platform
import time

import pytest

from robustbench_ln.progress import Silent
from robustbench_ln.speed.turns import circumstances, time_in_turns


class Clock:
    """Time passes in jobs, and in whatever watches them."""

    def __init__(self) -> None:
        self.now = 100.0
        self.log: list[str] = []

    def job(self, name: str, seconds: list[float]):
        left = iter(seconds)

        def run() -> None:
            self.log.append(name)
            self.now += next(left)

        return run


class Watcher(Silent):
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.images = self.cells = 0

    def describe(self, what: str) -> None:
        self.clock.log.append(f"next {what}")
        self.clock.now += 50

    def advance(self, image_passes: int) -> None:
        self.images += image_passes
        self.clock.now += 50

    def finish_cells(self, cells: int) -> None:
        self.cells += cells


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: made.now)
    return made


def test_jobs_take_turns_and_every_repetition_after_the_first_turn_is_kept(clock):
    jobs = {"a": clock.job("a", [9, 1, 2]), "b": clock.job("b", [9, 5, 4])}
    assert time_in_turns(jobs, 2) == {"a": [1, 2], "b": [5, 4]}
    assert "".join(clock.log) == "ababab"


def test_without_a_warm_up_the_first_turn_counts(clock):
    assert time_in_turns({"a": clock.job("a", [9, 1])}, 2, warms_up=False) == {"a": [9, 1]}


def test_what_watches_is_told_outside_of_the_timed_seconds(clock):
    watcher = Watcher(clock)
    jobs = {"a": clock.job("a", [9, 1, 2]), "b": clock.job("b", [9, 5, 4])}
    assert time_in_turns(jobs, 2, images=10, progress=watcher) == {"a": [1, 2], "b": [5, 4]}
    assert clock.log[:4] == ["next a", "a", "next b", "b"]
    assert (watcher.images, watcher.cells) == (60, 3)


def test_circumstances_have_what_a_time_depends_on(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.25, 1.0, 2.0), raising=False)
    monkeypatch.setattr(platform, "machine", lambda: "abacus")
    monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")
    about = {
        "command": "ln-bench x",
        "threads": 3,
        "cores": 7,
        "load": 0.25,  # of the last minute
        "machine": {"processor": "abacus", "python": "3.99.0"},
    }
    assert circumstances("ln-bench x", threads=3) == about
    monkeypatch.delattr(os, "getloadavg")  # as on Windows
    assert circumstances("ln-bench x", threads=3) == about | {"load": None}
