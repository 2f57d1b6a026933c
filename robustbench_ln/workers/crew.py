"""A crew does units of work in their order: this process alone, or several workers.

Results come in the order of the units, whoever did them. A unit of a worker that dies is done once
more by a new one; the second time, its name is the error.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from robustbench_ln.errors import LnBenchError, WorkerError, setting
from robustbench_ln.workers.cluster import Cluster
from robustbench_ln.workers.launch import Launcher
from robustbench_ln.workers.portable import write_shared
from robustbench_ln.workers.task import Advance, Task

__all__ = ["Crew", "open_crew"]

Unit = TypeVar("Unit")
Result = TypeVar("Result")

_UNITS_EACH = 2
"""Units that a worker has: the one that it does, and the next."""
_AHEAD = 8
"""Units for each worker that may be done before one that is not: what is kept of them is small."""
_TRIES = 2


class Crew(ABC, Generic[Unit, Result]):
    """Whoever does the units of one task."""

    @abstractmethod
    def map(self, units: Iterable[Unit]) -> Iterator[Result]:
        """Yield the result of each unit, in their order.

        Raises:
            WorkerError: Workers died of a unit.
        """


@contextmanager
def open_crew(
    task: Task[Unit, Result],
    workers: int,
    launcher: Launcher | Cluster | None,
    *,
    advance: Advance,
) -> Iterator[Crew[Unit, Result]]:
    """Have a task done by a number of workers.

    Args:
        task: What they share.
        workers: How many.
        launcher: Starts them; None is this process alone. A cluster decides how many there are.
        advance: Told of progress.
    """
    if launcher is None:
        yield _Alone(task, advance)
        return
    if isinstance(launcher, Cluster):
        yield _Distant(launcher, task, advance)
        return
    with write_shared(task) as file:
        crew = _Workers[Unit, Result](
            lambda place: launcher.start(place, file.fileno()), workers, advance
        )
        with closing(crew):
            yield crew


class _Alone(Crew[Unit, Result]):
    """This process."""

    def __init__(self, task: Task[Unit, Result], advance: Advance) -> None:
        self._run = task.open(0)
        self._advance = advance

    def map(self, units: Iterable[Unit]) -> Iterator[Result]:
        """Yield the result of each unit when it is asked for."""
        for unit in units:
            yield self._run(unit, self._advance)


class _Distant(Crew[Unit, Result]):
    """Processes of a cluster."""

    def __init__(self, cluster: Cluster, task: Task[Unit, Result], advance: Advance) -> None:
        self._crew = cluster.open_crew(task, advance)

    def map(self, units: Iterable[Unit]) -> Iterator[Result]:
        """Yield results; units behind that of the next one are done meanwhile."""
        return self._crew.map(units)


@dataclass(eq=False)
class _Job:
    """A unit on its way to a result or an error."""

    unit: Any
    tries: int = 0
    answer: Any = None
    error: LnBenchError | MemoryError | str | None = None
    is_done: bool = False


@dataclass(eq=False)
class _Worker:
    """A worker, and the jobs that it was given, the first of which it does now."""

    place: int
    connection: Connection[Any, Any]
    jobs: deque[_Job] = field(default_factory=deque)


class _Workers(Crew[Unit, Result]):
    """Other processes."""

    def __init__(
        self, start: Callable[[int], Connection[Any, Any]], workers: int, advance: Advance
    ) -> None:
        self._start = start
        self._advance = advance
        self._workers = [_Worker(place, start(place)) for place in range(workers)]

    def close(self) -> None:
        """Let the workers go: each ends when it has nobody to work for."""
        for worker in self._workers:
            worker.connection.close()

    def map(self, units: Iterable[Unit]) -> Iterator[Result]:
        """Yield results; units behind that of the next one are done meanwhile."""
        coming = map(_Job, units)
        ordered: deque[_Job] = deque()  # given out, or done and not yet yielded
        waiting: deque[_Job] = deque()  # to be given out: taken from a worker that died
        while True:
            self._give_out(coming, ordered, waiting)
            if not ordered:
                return
            while ordered and ordered[0].is_done:
                yield _result_of(ordered.popleft())
                self._give_out(coming, ordered, waiting)
            busy: dict[Any, _Worker] = {w.connection: w for w in self._workers if w.jobs}
            for ready in wait(busy) if busy else ():
                waiting += self._listen(busy[ready])

    def _give_out(self, coming: Iterator[_Job], ordered: deque[_Job], waiting: deque[_Job]) -> None:
        """Give each worker its next units, the idle ones first."""
        for number in range(_UNITS_EACH):
            for worker in self._workers:
                if len(worker.jobs) > number:
                    continue
                if not waiting:
                    if len(ordered) >= _AHEAD * len(self._workers):
                        return
                    new = next(coming, None)
                    if new is None:
                        return
                    ordered.append(new)
                    waiting.append(new)
                job = waiting.popleft()
                worker.jobs.append(job)
                try:
                    worker.connection.send((id(job), job.unit))
                except OSError:
                    waiting.extendleft(reversed(self._replace(worker)))

    def _listen(self, worker: _Worker) -> list[_Job]:
        """Take what a worker says; return the jobs that are to be done anew if it is gone."""
        try:
            said = worker.connection.recv()
        except (EOFError, OSError):
            return self._replace(worker)
        if isinstance(said, int):
            self._advance(said)
            return []
        kind, number, answer = said
        job = worker.jobs.popleft()
        assert id(job) == number, "a worker does its units in their order"
        job.is_done = True
        if kind == "done":
            job.answer = answer
        else:
            job.error = answer
        return []

    def _replace(self, worker: _Worker) -> list[_Job]:
        """Start a worker in the place of one that died, and return the jobs that it leaves."""
        worker.connection.close()
        worker.connection = self._start(worker.place)
        left = list(worker.jobs)
        worker.jobs.clear()
        if left:
            left[0].tries += 1
        if left and left[0].tries == _TRIES:
            job = left.pop(0)
            job.is_done, job.error = True, _death_of(job.unit)
        return left


def _result_of(job: _Job) -> Any:
    if isinstance(job.error, Exception):  # wrong input, or too little memory
        raise job.error
    if job.error is not None:
        raise RuntimeError(f"in a worker:\n{job.error}")
    return job.answer


def _death_of(unit: object) -> WorkerError:
    return WorkerError(
        f"{_TRIES} workers ended while working on {unit}; the system may have stopped them for "
        f"lack of memory: lower {setting('workers')}. What was finished is kept"
    )
