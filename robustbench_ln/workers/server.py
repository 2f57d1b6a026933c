"""The program of workers: it loads what they need once, forks one on request, and ends with us.

    python -c "...; serve(3, ['torch'], is_forking=True)"

Requests come through a socket: a byte, the worker's own socket, and the file of the task. When the
socket is closed, by us or because our process is gone, the workers are ended.
"""

from __future__ import annotations

import os
import queue
import signal
import socket
import threading
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from robustbench_ln.errors import LnBenchError, is_out_of_memory
from robustbench_ln.workers.allocator import collect_rarely, keep_freed_memory
from robustbench_ln.workers.portable import read_shared

__all__ = ["explain", "serve"]


def serve(descriptor: int, modules: Sequence[str], *, is_forking: bool) -> None:
    """Load modules, and start workers until the socket is closed.

    Args:
        descriptor: Of the socket.
        modules: To be loaded before the first fork. None of them starts a thread that works.
        is_forking: Whether workers are forks of this process; else it is the one worker itself.
    """
    requests = socket.socket(fileno=descriptor)
    collect_rarely()
    for name in modules:
        import_module(name)
    workers: list[int] = []
    while True:
        byte, descriptors, _, _ = socket.recv_fds(requests, 1, 2)
        if not byte:
            break
        worker = _fork() if is_forking else 0
        if worker == 0:
            _work(*descriptors)
        workers.append(worker)
        for given in descriptors:
            os.close(given)
    for worker in workers:  # not waited for before, so that no other process has the number
        os.kill(worker, signal.SIGKILL)
    for worker in workers:
        os.waitpid(worker, 0)


def _fork() -> int:
    with warnings.catch_warnings():
        # The only threads here are those of NumPy's products, which wait and can be forked.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _work(descriptor: int, file: int) -> None:
    """Do units until the other side is gone. Does not return."""
    try:
        keep_freed_memory()
        warnings.simplefilter("ignore")  # our process has given them already
        connection = Connection(descriptor)
        inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(connection, inbox), daemon=True).start()
        place = inbox.get()
        run = None
        while True:
            number, unit = inbox.get()
            try:
                run = run or read_shared(file).open(place)
                answer = ("done", number, run(unit, connection.send))
            except LnBenchError as error:
                answer = ("failed", number, error)
            except Exception as error:  # noqa: BLE001  (whatever it is, our process raises it)
                answer = ("failed", number, explain(error))
            connection.send(answer)
    finally:
        os._exit(1)


def explain(error: Exception) -> MemoryError | str:
    """Return what our process is told: too little memory, or a fault of the program."""
    if is_out_of_memory(error):
        return MemoryError(str(error))
    return "".join(traceback.format_exception(error))


def _listen(connection: Connection[Any, Any], inbox: queue.SimpleQueue[Any]) -> None:
    """Take units; when the other side is gone, so is this worker, whatever it is doing."""
    try:
        while True:
            inbox.put(connection.recv())
    finally:
        os._exit(0)
