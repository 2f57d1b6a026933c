"""Processes by torchrun's agent: what the first returns, and how the others may end."""

from __future__ import annotations

import json
import os
import signal
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from robustbench_ln.errors import TrainingError, setting
from robustbench_ln.training.launch import _explain, run_processes
from robustbench_ln.training.processes import current_place, sum_over_processes


def add_ranks(start: int) -> int:
    return int(sum_over_processes(torch.tensor(start + current_place().rank)))


def fail(rank: int) -> None:
    if current_place().rank == rank:
        raise TrainingError(f"no {setting('learning_rate')} in {rank}")
    sum_over_processes(torch.ones(1))


def die(rank: int) -> None:
    if current_place().rank == rank:
        os.kill(os.getpid(), signal.SIGKILL)
    sum_over_processes(torch.ones(1))


@pytest.mark.slow
def test_the_first_process_returns_what_all_came_to():
    assert run_processes(partial(add_ranks, 10), ["cpu"] * 3) == 33


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_the_error_of_any_process_is_the_error(rank):
    with pytest.raises(TrainingError) as caught:
        run_processes(partial(fail, rank), ["cpu"] * 2)
    assert str(caught.value) == f"no learning_rate= in {rank}"


@pytest.mark.slow
def test_a_process_that_dies_is_named():
    with pytest.raises(TrainingError, match="process 1 of processes=2 was ended by SIGKILL; last"):
        run_processes(partial(die, 1), ["cpu"] * 2)


def test_the_first_error_counts_and_a_signal_before_all(tmp_path):
    def write(rank: int, time: float, text: str) -> None:
        notes = [f"note {rank}"]
        (tmp_path / f"{rank}.json").write_text(
            json.dumps({"time": time, "text": text, "notes": notes})
        )

    ended = SimpleNamespace(exitcode=2)
    silent = _explain(tmp_path, {1: SimpleNamespace(exitcode=7)}, 2)
    assert str(silent).startswith("process 1 of processes=2 ended with exit code 7; last.pt has")
    write(0, 5.5, "connection closed")
    write(1, 5.25, "image.png is damaged")
    found = _explain(tmp_path, {0: ended, 1: ended}, 2)
    assert str(found) == "image.png is damaged"
    assert found.__notes__ == ["note 1"]
    killed = _explain(tmp_path, {0: ended, 1: SimpleNamespace(exitcode=-9)}, 2)
    assert str(killed).startswith("process 1 of processes=2 was ended by SIGKILL")
