"""Units are done in their order, once each, whoever does them and whoever dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustbench_ln.errors import SpecError, WorkerError
from robustbench_ln.workers.crew import Crew, open_crew
from robustbench_ln.workers.launch import Launcher
from tests.workers.sample_tasks import Squares

MODULES = ["tests.workers.sample_tasks"]


@contextmanager
def crew_of(workers: int, folder: Path, told: list[int] | None = None) -> Iterator[Crew[Any, Any]]:
    task = Squares(np.arange(5), folder)
    advance = (told if told is not None else []).append
    if workers == 0:
        with open_crew(task, 1, None, advance=advance) as crew:
            yield crew
        return
    with Launcher(MODULES) as launcher, open_crew(task, workers, launcher, advance=advance) as crew:
        yield crew


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_results_come_in_the_order_of_the_units(tmp_path, workers):
    told: list[int] = []
    with crew_of(workers, tmp_path, told) as crew:
        results = list(crew.map(range(40)))
        again = list(crew.map(range(3)))
        assert list(crew.map([])) == []
    assert [value for value, _ in results] == [number**2 + 10 for number in range(40)]
    assert [value for value, _ in again] == [10, 11, 14]
    assert len(told) == 43
    processes = {process for _, process in results}
    assert len(processes) == max(1, workers)
    assert (os.getpid() in processes) == (workers == 0)


def test_more_workers_than_units(tmp_path):
    with crew_of(3, tmp_path) as crew:
        assert [value for value, _ in crew.map([7])] == [59]


def test_a_unit_of_a_worker_that_dies_is_done_once_more(tmp_path):
    with crew_of(2, tmp_path) as crew:
        results = list(crew.map([1, 2, "die_once", 3, 4, 5]))
    assert [value for value, _ in results] == [11, 14, -1, 19, 26, 35]


def test_a_unit_that_kills_each_worker_is_named_after_what_stands_before_it(tmp_path):
    done = []
    with crew_of(2, tmp_path) as crew, pytest.raises(WorkerError) as caught:
        done.extend(crew.map([1, 2, 3, "die", 4, 5]))
    assert str(caught.value) == (
        "2 workers ended while they did die; the system may have stopped them for want of memory: "
        "lower workers=. What was finished is kept"
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_a_unit_is_the_error_after_the_results_before_it(tmp_path, workers):
    done = []
    with crew_of(workers, tmp_path) as crew, pytest.raises(SpecError) as caught:
        for value, _ in crew.map([1, 2, "refuse", 3]):
            done.append(value)
    assert done == [11, 14]
    assert caught.value.message.spelled(lambda name: f"--{name}") == "--stat_batch is wrong"


def test_a_fault_in_a_worker_shows_where_it_was(tmp_path):
    with crew_of(1, tmp_path) as crew, pytest.raises(RuntimeError) as caught:
        list(crew.map(["fail"]))
    assert "in fail" in str(caught.value)
    assert "ZeroDivisionError: a fault" in str(caught.value)


def test_workers_end_with_the_crew_whatever_they_are_doing(tmp_path):
    with pytest.raises(KeyboardInterrupt), crew_of(2, tmp_path) as crew:
        for value, _ in crew.map([1, "wait", "wait", "wait"]):
            assert value == 11
            while len(list(tmp_path.glob("waiting*"))) < 2:
                time.sleep(0.01)
            raise KeyboardInterrupt
    for file in tmp_path.glob("waiting*"):
        with pytest.raises(ProcessLookupError):
            os.kill(int(file.name.removeprefix("waiting")), 0)
