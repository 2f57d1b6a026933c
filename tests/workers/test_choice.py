from __future__ import annotations

import resource

import pytest

from robustbench_ln.workers import choice
from robustbench_ln.workers.choice import available_memory, choose_workers


@pytest.mark.parametrize(
    ("asked", "units", "seconds", "expected"),
    [
        (None, 100, 5.9, 1),
        (None, 100, 6.1, 8),
        (None, 3, 60.0, 3),
        (5, 100, 0.1, 5),
        (5, 2, 0.1, 2),
        (5, 0, 0.1, 1),
        (20, 100, 60.0, 20),
    ],
)
def test_workers_are_as_many_as_have_work(asked, units, seconds, expected):
    assert choose_workers(asked, units=units, seconds=seconds, most=8) == expected


def test_by_themselves_workers_are_as_many_as_fit_into_memory(monkeypatch):
    monkeypatch.setattr(choice, "available_memory", lambda: 10**9)
    chosen = {"units": 100, "seconds": 60.0, "most": 8}
    assert choose_workers(None, **chosen, bytes_each=3 * 10**8) == 3
    assert choose_workers(None, **chosen, bytes_each=2 * 10**9) == 1
    assert choose_workers(5, **chosen, bytes_each=3 * 10**8) == 5


def test_a_limit_of_the_address_space_is_seen(monkeypatch):
    free = available_memory()
    assert free is None or free > 2**20
    monkeypatch.setattr(resource, "getrlimit", lambda _: (2**40, 2**40))
    monkeypatch.setattr(choice, "_free_memory", lambda: None)
    assert 0 < available_memory() < 2**40


def test_a_limit_of_the_container_leaves_out_pages_of_files(monkeypatch):
    files = {
        "/sys/fs/cgroup/memory.max": ["1000"],
        "/sys/fs/cgroup/memory.current": ["900"],
        "/sys/fs/cgroup/memory.stat": ["anon 500", "file 300", "file_mapped 7"],
    }
    monkeypatch.setattr(choice, "_lines", lambda path: files.get(path, []))
    assert available_memory() == 400
