"""Servers of workers: another one is started where one was ended, or where none may fork."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from robustbench_ln.errors import WorkerError
from robustbench_ln.workers import launch
from robustbench_ln.workers.crew import open_crew
from robustbench_ln.workers.launch import Launcher
from tests.workers.sample_tasks import Squares

MODULES = ["tests.workers.sample_tasks"]


def squares(launcher: Launcher, folder, units) -> list[int]:
    with open_crew(Squares(np.arange(5), folder), 2, launcher, advance=lambda _: None) as crew:
        return [value for value, _ in crew.map(units)]


def test_a_server_that_was_ended_is_replaced(tmp_path):
    with Launcher(MODULES) as launcher:
        server = launcher._servers[0].process
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        assert squares(launcher, tmp_path, [1, "die_once", 2]) == [11, -1, 14]


def test_where_no_fork_is_safe_each_worker_is_a_program(tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "_FORK_IS_SAFE", False)
    with Launcher(MODULES) as launcher:
        assert squares(launcher, tmp_path, [1, "die_once", 2, 3]) == [11, -1, 14, 19]


def test_a_system_without_such_programs_is_one_line(monkeypatch):
    monkeypatch.delattr(launch.socket, "send_fds")
    with pytest.raises(WorkerError, match="cannot start workers; give workers=1, or leave it out"):
        Launcher(MODULES)


def test_a_server_without_workers_is_not_waited_for(tmp_path, monkeypatch):
    (tmp_path / "endless.py").write_text("import time\nwhile True: time.sleep(1)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with Launcher(["endless"]) as launcher:
        server = launcher._servers[0].process
    assert server.returncode == -signal.SIGKILL
