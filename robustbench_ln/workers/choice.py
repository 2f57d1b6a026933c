"""How many workers: as asked for, or by the work that there is."""

from __future__ import annotations

import os
from pathlib import Path

from robustbench_ln.files.regular_files import read_regular

__all__ = ["available_memory", "choose_workers", "count_cores"]

_WORTHWHILE_SECONDS = 6.0
"""Of work in one process. Workers take about 2 s to start."""


def count_cores() -> int:
    """Return the threads that torch would use: the cores, or what the user set."""
    import torch

    return torch.get_num_threads()


def choose_workers(
    asked: int | None, *, units: int, seconds: float, most: int, bytes_each: int = 0
) -> int:
    """Return how many workers do the work; it changes nothing but the time.

    Args:
        asked: None is as many as are worth their start.
        units: Units of work: more workers than that have nothing to do.
        seconds: The work in one process, about.
        most: The most that can help: cores, or what the GPUs take.
        bytes_each: Memory that each takes, about.
    """
    if asked is None:
        memory = available_memory()
        fitting = most if memory is None or not bytes_each else int(memory // bytes_each)
        asked = min(most, fitting) if seconds >= _WORTHWHILE_SECONDS else 1
    return max(1, min(asked, units))


def available_memory() -> int | None:
    """Return the bytes of memory that this process could still take; None where nobody says it."""
    found = [value for value in (_free_memory(), _group_memory(), _address_space()) if value]
    return min(found, default=None)


def _free_memory() -> int | None:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _group_memory() -> int | None:
    """Return what the container may still take; pages of files do not count, they can go."""
    most = "".join(_lines("/sys/fs/cgroup/memory.max"))
    used = "".join(_lines("/sys/fs/cgroup/memory.current"))
    if not (most.isdecimal() and used.isdecimal()):
        return None
    files = [line for line in _lines("/sys/fs/cgroup/memory.stat") if line.startswith("file ")]
    return max(1, int(most) - int(used) + sum(int(line.split()[1]) for line in files))


def _address_space() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    pages = "".join(_lines("/proc/self/statm")).split()
    if limit == resource.RLIM_INFINITY or not pages:
        return None
    return max(1, limit - int(pages[0]) * os.sysconf("SC_PAGE_SIZE"))


def _lines(path: str) -> list[str]:
    try:
        return read_regular(Path(path)).decode("ascii", "replace").splitlines()
    except OSError:
        return []
