"""Start workers without `multiprocessing`, which would run the user's program again in each."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from robustbench_ln.errors import WorkerError, setting

__all__ = ["Launcher", "can_launch"]

_PROGRAM = "import sys; sys.path[:] = {path!r}; from robustbench_ln.workers.server import serve; "
_CALL = "serve({descriptor}, {modules!r}, is_forking={is_forking})"
_FORK_IS_SAFE = sys.platform == "linux"
"""Elsewhere system libraries may start threads that a fork lacks: each worker is then a program
that loads everything itself."""


def can_launch() -> bool:
    """Return whether this system can pass open files to a program, as all but Windows can."""
    return hasattr(socket, "send_fds") and bool(sys.executable)


class Launcher:
    """Starts workers; those that it started end with it, and with this process.

    The server that forks them is a new program and no fork of this process, which may have threads
    and a GPU. It starts to load at once, while this process goes on.

    Args:
        modules: What workers need, to be loaded once.

    Raises:
        WorkerError: This system has no such programs.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        if not can_launch():
            raise WorkerError(
                f"this system cannot start workers; give {setting('workers', 1)}, or leave it out"
            )
        self._modules = list(modules)
        self._servers: list[_Server] = [_Server(self._modules)]

    def __enter__(self) -> Launcher:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all workers, whatever they are doing, and wait until they are gone."""
        for server in self._servers:
            server.close()
        for server in self._servers:
            server.process.wait()

    def start(self, place: int, file: int) -> Connection[Any, Any]:
        """Start a worker, and return the connection to it.

        Args:
            place: Of the worker.
            file: Descriptor of the file that `write_shared` wrote.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._servers[-1].ask(theirs, file)
            except OSError:  # it is gone: somebody ended it
                self._servers.append(_Server(self._modules))
                self._servers[-1].ask(theirs, file)
        connection: Connection[Any, Any] = Connection(ours.detach())
        with suppress(OSError):  # it is gone already: whoever listens to it finds out
            connection.send(place)
        if not _FORK_IS_SAFE:
            self._servers.append(_Server(self._modules))
        return connection


class _Server:
    """A running server, and the socket for requests to it."""

    def __init__(self, modules: Sequence[str]) -> None:
        self.requests, theirs = socket.socketpair()
        self._has_workers = False
        with theirs:
            descriptor = theirs.fileno()
            call = _CALL.format(
                descriptor=descriptor, modules=list(modules), is_forking=_FORK_IS_SAFE
            )
            self.process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM.format(path=sys.path) + call],
                pass_fds=[descriptor],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for us; what we do about it ends them
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            )

    def close(self) -> None:
        """Have it end its workers and itself; one that has none may be loading for seconds yet."""
        self.requests.close()
        if not self._has_workers:
            self.process.kill()

    def ask(self, connection: socket.socket, file: int) -> None:
        """Have a worker started."""
        self._has_workers = True
        socket.send_fds(self.requests, [b"+"], [connection.fileno(), file])
