"""Jobs timed in turns within one run, so that a busy machine slows each of them alike."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from typing import Any

from robustbench_ln.progress import Progress, Silent

__all__ = ["Job", "circumstances", "time_in_turns"]

Job = Callable[[], object]


def time_in_turns(  # noqa: PLR0913  (one parameter for each setting)
    jobs: Mapping[str, Job],
    repetitions: int,
    *,
    warms_up: bool = True,
    images: int = 0,
    progress: Progress | None = None,
    clock: Callable[[], float] | None = None,
) -> dict[str, list[float]]:
    """Return the seconds of every repetition of every job; none is left out.

    Args:
        jobs: Name -> job. In each turn every job runs once, in this order.
        repetitions: Turns that are timed.
        warms_up: Whether one turn goes before them, untimed.
        images: That go through a network in one job, for the progress.
        progress: Display of the job that runs and of its images; a turn is a cell.
        clock: Returns seconds; None is the time that passes. Those of this process's CPU do not
            count other programs.

    >>> turns = []
    >>> jobs = {name: (lambda name=name: turns.append(name)) for name in "ab"}
    >>> [len(values) for values in time_in_turns(jobs, 2).values()], "".join(turns)
    ([2, 2], 'ababab')
    """
    watcher, now = progress or Silent(), clock or time.perf_counter
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(0 if warms_up else 1, repetitions + 1):
        for name, job in jobs.items():
            watcher.describe(name)
            started = now()
            job()
            took = now() - started
            if turn:
                seconds[name].append(took)
            watcher.advance(images)
        watcher.finish_cells(1)
    return seconds


def circumstances(command: str, *, threads: int) -> dict[str, Any]:
    """Return what a record of times says about where they were taken.

    Args:
        command: That took them.
        threads: That the network computes with.
    """
    return {
        "command": command,
        "threads": threads,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "machine": {"processor": platform.machine(), "python": platform.python_version()},
    }
