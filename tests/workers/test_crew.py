"""Units are done in their order, once each, whoever does them and whoever dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustbench_ln.errors import SpecError, WorkerError
from robustbench_ln.workers.crew import Crew, open_crew
from robustbench_ln.workers.launch import Launcher
from tests.workers.sample_tasks import Squares


@pytest.fixture(scope="module")
def server() -> Iterator[Launcher]:
    with Launcher(["tests.workers.sample_tasks"]) as started:
        yield started


@pytest.fixture
def crew_of(server, tmp_path):
    """Open a crew: 0 workers are this process."""

    def crew(workers: int, told: list[int] | None = None) -> AbstractContextManager[Crew[Any, Any]]:
        task = Squares(np.arange(5), tmp_path)
        advance = (told if told is not None else []).append
        return open_crew(task, max(1, workers), server if workers else None, advance=advance)

    return crew


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_results_come_in_the_order_of_the_units(crew_of, workers):
    told: list[int] = []
    with crew_of(workers, told) as crew:
        results = list(crew.map(range(40)))
        again = list(crew.map(range(3)))
        assert list(crew.map([])) == []
    assert [value for value, _ in results] == [number**2 + 10 for number in range(40)]
    assert [value for value, _ in again] == [10, 11, 14]
    assert len(told) == 43
    processes = {process for _, process in results}
    assert len(processes) == max(1, workers)
    assert (os.getpid() in processes) == (workers == 0)


def test_more_workers_than_units(crew_of):
    with crew_of(3) as crew:
        assert [value for value, _ in crew.map([7])] == [59]


def test_a_unit_of_a_worker_that_dies_is_done_once_more(crew_of):
    with crew_of(2) as crew:
        results = list(crew.map([1, 2, "die_once", 3, 4, 5]))
    assert [value for value, _ in results] == [11, 14, -1, 19, 26, 35]


def test_a_unit_that_kills_each_worker_is_named_after_what_stands_before_it(crew_of):
    done = []
    with crew_of(2) as crew, pytest.raises(WorkerError) as caught:
        done.extend(value for value, _ in crew.map([1, 2, 3, "die", 4, 5]))
    assert done == [11, 14, 19]
    assert str(caught.value) == (
        "2 workers ended while working on die; the system may have stopped them for lack of "
        "memory: lower workers=. What was finished is kept"
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_a_unit_is_the_error_after_the_results_before_it(crew_of, workers):
    done = []
    with crew_of(workers) as crew, pytest.raises(SpecError) as caught:
        done.extend(value for value, _ in crew.map([1, 2, "refuse", 3]))
    assert done == [11, 14]
    assert caught.value.message.spelled(lambda name: f"--{name}") == "--stat_batch is wrong"


def test_a_fault_in_a_worker_shows_where_it_was(crew_of):
    with crew_of(1) as crew, pytest.raises(RuntimeError) as caught:
        list(crew.map(["fail"]))
    assert "in fail" in str(caught.value)
    assert "ZeroDivisionError: a fault" in str(caught.value)


def test_too_little_memory_in_a_worker_is_too_little_memory_here(crew_of):
    with crew_of(1) as crew, pytest.raises(MemoryError, match="DefaultCPUAllocator"):
        list(crew.map(["starve"]))


def test_workers_end_with_the_crew_whatever_they_are_doing(crew_of, tmp_path):
    with crew_of(2) as crew:
        assert next(crew.map([1, "wait", "wait", "wait"]))[0] == 11
        while len(list(tmp_path.glob("waiting*"))) < 2:
            time.sleep(0.01)
    waiting = [int(file.name.removeprefix("waiting")) for file in tmp_path.glob("waiting*")]
    ends = time.monotonic() + 20
    while any(map(is_running, waiting)):
        assert time.monotonic() < ends
        time.sleep(0.01)


def is_running(process: int) -> bool:
    """Whether a process is there, and not only its number until its server ends."""
    status = Path(f"/proc/{process}/stat")
    return status.is_file() and status.read_text().rpartition(")")[2].split()[0] != "Z"
