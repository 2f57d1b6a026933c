"""Start the processes that train one network together, by the agent of torchrun."""

from __future__ import annotations

import json
import logging
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from robustbench_ln.errors import LnBenchError, TrainingError, setting
from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.training.processes import joined_processes

__all__ = ["run_processes"]

Result = TypeVar("Result")

_SECONDS_FOR_OTHERS = 10
"""A process that lost its connection ends later than the one that died, so that the agent sees that
one first, and ends all others: this one too, long before the time is over."""

_GOES_ON = "last.pt has the last whole epoch, and the same command goes on from there"


class _Job(NamedTuple):
    """What a process does.

    Attributes:
        work: Function without arguments.
        devices: Of each process.
        folder: Where it writes its error, as RANK.json.
        parent: The process that ends with it.
    """

    work: Callable[[], Any]
    devices: Sequence[str]
    folder: Path
    parent: int


def run_processes(work: Callable[[], Result], devices: Sequence[str]) -> Result:
    """Run a function in a process for each device, in one torch.distributed group.

    All processes end when one does before its time, or when this one does.

    Args:
        work: Can be pickled, and so can what it returns.
        devices: Of each process.

    Returns: What the first process returns.

    Raises:
        TrainingError: A process died, or what a process raised.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    with tempfile.TemporaryDirectory() as folder, _quiet_agent(), _few_threads(len(devices)):
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=len(devices),
            logs_specs=DefaultLogsSpecs(log_dir=folder),
            run_id=f"ln-bench-{os.getpid()}",
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            local_addr="localhost",
            max_restarts=0,
        )
        handlers = {number: signal.getsignal(number) for number in _STOPS}
        try:
            job = _Job(work, devices, Path(folder), os.getpid())
            returned: dict[int, Result] = elastic_launch(config, _run)(job)
        except ChildFailedError as error:
            raise _explain(Path(folder), error.failures, len(devices)) from None
        except SignalException as error:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.raise_signal(error.sigval)
            raise
        return returned[0]


_STOPS = (signal.SIGINT, signal.SIGTERM)
"""Signals that torchrun's agent takes from whoever handled them."""


@contextmanager
def _quiet_agent() -> Iterator[None]:
    """Keep the agent from logging what becomes one line here."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(level)


@contextmanager
def _few_threads(processes: int) -> Iterator[None]:
    """Share the cores, where nobody has said how many threads a process has."""
    if "OMP_NUM_THREADS" in os.environ:
        yield
        return
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // processes))
    try:
        yield
    finally:
        del os.environ["OMP_NUM_THREADS"]


def _run(job: _Job) -> Any:
    """Work as one of the processes."""
    rank = int(os.environ["RANK"])
    threading.Thread(target=_end_with, args=(job.parent,), daemon=True).start()
    try:
        with joined_processes(job.devices[rank]):
            return job.work()
    except LnBenchError as error:
        _report(job.folder, rank, error.message.marked, getattr(error, "__notes__", []))
    except RuntimeError as error:  # a connection that broke: whoever broke it has its own error
        _report(job.folder, rank, f"process {rank} stopped: {str(error).splitlines()[0]}", [])
        time.sleep(_SECONDS_FOR_OTHERS)
    os._exit(2)  # without waiting for the others, who may wait for this one


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _report(folder: Path, rank: int, text: str, notes: Sequence[str]) -> None:
    """Leave an error where the parent looks for it."""
    written = {"time": time.time(), "text": text, "notes": list(notes)}
    write_whole(folder / f"{rank}.json", json.dumps(written).encode())


def _explain(folder: Path, failures: dict[int, Any], processes: int) -> LnBenchError:
    """Return the error of the process that failed first; one that died says nothing itself."""
    for rank, failure in failures.items():
        if failure.exitcode < 0:
            name = signal.Signals(-failure.exitcode).name
            return TrainingError(
                f"process {rank} of {setting('processes', processes)} was ended by {name}; "
                f"{_GOES_ON}"
            )
    errors = [json.loads(read_regular(file)) for file in folder.glob("*.json")]
    if not errors:
        rank, failure = next(iter(failures.items()))
        return TrainingError(
            f"process {rank} of {setting('processes', processes)} ended with exit code "
            f"{failure.exitcode}; {_GOES_ON}"
        )
    first = min(errors, key=lambda error: float(error["time"]))
    found = TrainingError(first["text"])
    for note in first["notes"]:
        found.add_note(note)
    return found
