"""Units of work done by Ray: on this machine, or on every machine of a cluster.

Ray moves the task to each machine once, gives units to free cores or GPUs, and repeats those of a
process or machine that is lost. Ours is the order, the one writer, and what is refused. `ray` is
imported here and nowhere else, when a cluster is entered.
"""

from __future__ import annotations

import os
import pickle
import socket
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple

from robustbench_ln.errors import LnBenchError, WorkerError, setting
from robustbench_ln.texts.safe import one_line, shorten
from robustbench_ln.workers.choice import count_cores
from robustbench_ln.workers.engine import Engine
from robustbench_ln.workers.node import installation
from robustbench_ln.workers.portable import pack
from robustbench_ln.workers.task import Advance, Task

__all__ = ["Cluster"]

_CONNECT_SECONDS = 10
_PATIENCE_SECONDS = 30
"""Between looks at whether any machine is left, while no unit ends."""
_RETRIES = 3
"""Times that a unit is repeated whose process or machine is lost."""
_UNITS_EACH = 2
_AHEAD = 8
"""As in `crew`: units that a core has, and that may be done before one that is not."""
_END = object()


class Cluster:
    """Ray, started or joined for the time of a run, and left behind as it was.

    Args:
        engine: Where it is, and the share of a GPU that a unit takes.
        workers: The most units at once; None is as many as there are cores, or GPUs.
        uses_gpus: Whether a unit needs a GPU.
    """

    def __init__(self, engine: Engine, workers: int | None, *, uses_gpus: bool = False) -> None:
        self.workers = workers
        self.gpus = (engine.gpus or 1) if uses_gpus else 0
        self._address = engine.address
        self._is_ours = False
        self.ray: Any = None

    def __enter__(self) -> Cluster:
        """Start Ray, or join the cluster.

        Raises:
            WorkerError: It cannot be reached, or has no core or GPU that a unit could take.
        """
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        if self._address not in (None, "auto"):
            _demand_listener(self._address)
        import ray

        self.ray = ray
        if not ray.is_initialized():
            self._is_ours = True
            self._init()
        if self.slots() < 1:
            found = self.ray.cluster_resources()
            cores, gpus = (f"{found.get(name, 0):g}" for name in ("CPU", "GPU"))
            self.close()
            raise WorkerError(
                f"no machine can take a unit: a unit needs 1 core and {self.gpus:g} GPUs, all "
                f"machines of Ray have {cores} cores and {gpus} GPUs"
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all units, and Ray if it was started or joined here."""
        self.close()

    def close(self) -> None:
        """Leave Ray as it was."""
        if self._is_ours:
            self.ray.shutdown()
            self._is_ours = False

    def _init(self) -> None:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if self._address is None:
            cores = self.workers or count_cores()
            options |= {"address": "local", "num_cpus": cores, "include_dashboard": False}
        else:
            options["address"] = self._address
        try:
            self.ray.init(**options)
        except (OSError, RuntimeError, ValueError, self.ray.exceptions.RayError) as error:
            reason = f"Ray cannot be started ({_brief(error)})"
            if self._address is not None:
                reason = (
                    f"{setting('ray_address', self._address)}: no cluster that this machine is "
                    f"part of ({_brief(error)}); start it with ray start, or leave "
                    f"{setting('ray_address')} out"
                )
            raise WorkerError(reason) from error

    def slots(self) -> int:
        """Return how many units can be done at once just now."""
        found = self.ray.cluster_resources()
        fitting = found.get("CPU", 0)
        if self.gpus:
            fitting = min(fitting, found.get("GPU", 0) / self.gpus)
        return int(min(fitting, self.workers or fitting))

    def open_crew(self, task: Task[Any, Any], advance: Advance) -> RayCrew:
        """Put a task where all machines find it, and return who does its units.

        Raises:
            WorkerError: There is no room for it.
        """
        try:
            structure, buffers, sources = pack(task)
            plain = {name: tuple(source) for name, source in sources.items()}
            shared = self.ray.put((structure, buffers, plain))
        except self.ray.exceptions.RayError as error:
            raise WorkerError(f"Ray has no room for the images ({_brief(error)})") from error
        remote = self.ray.remote(_unit_function()).options(
            num_cpus=1, num_gpus=self.gpus, max_retries=_RETRIES
        )
        key, expected = uuid.uuid4().hex, installation()
        return RayCrew(
            self, lambda unit: remote.remote(shared, key, pickle.dumps(unit), expected), advance
        )


class _Flight(NamedTuple):
    """A unit on its way, and where Ray will have what it gives."""

    unit: Any
    answer: Any


class RayCrew:
    """Whoever does the units of one task; see `crew.Crew`.

    Args:
        cluster: Where.
        submit: Gives a unit to Ray.
        advance: Told of progress.
    """

    def __init__(self, cluster: Cluster, submit: Callable[[Any], Any], advance: Advance) -> None:
        self._cluster = cluster
        self._submit = submit
        self._advance = advance

    def map(self, units: Iterable[Any]) -> Iterator[Any]:
        """Yield results in the order of the units; later units are done meanwhile.

        Raises:
            WorkerError: A unit ended each process that did it, a machine does not fit, or none is
                left.
        """
        coming = iter(units)
        ordered: deque[_Flight] = deque()
        running: list[Any] = []
        try:
            while True:
                self._give_out(coming, ordered, running)
                if not ordered:
                    return
                self._wait(running)
                while ordered and ordered[0].answer not in running:
                    yield self._take(ordered.popleft())
                    self._give_out(coming, ordered, running)
        finally:
            for answer in running:
                with suppress(Exception):
                    self._cluster.ray.cancel(answer)

    def _give_out(self, coming: Iterator[Any], ordered: deque[_Flight], running: list[Any]) -> None:
        slots = max(1, self._cluster.slots())
        most = self._cluster.workers or _UNITS_EACH * slots
        while len(running) < most and len(ordered) < _AHEAD * most:
            unit = next(coming, _END)
            if unit is _END:
                return
            answer = self._submit(unit)
            ordered.append(_Flight(unit, answer))
            running.append(answer)

    def _wait(self, running: list[Any]) -> None:
        """Take what is done from the list of what is not."""
        if not running:
            return
        done: list[Any] = []
        while not done:
            done, left = self._cluster.ray.wait(running, timeout=_PATIENCE_SECONDS)
            running[:] = left
            if not done and self._cluster.slots() < 1:
                raise WorkerError(
                    "no machine of the cluster is left that can take a unit; what was finished is "
                    "kept: rerun the same command when there is one"
                )

    def _take(self, flight: _Flight) -> Any:
        errors = self._cluster.ray.exceptions
        try:
            node, kind, answer = self._cluster.ray.get(flight.answer)
        except errors.RayTaskError as error:
            raise WorkerError(
                f"a machine of the cluster cannot do {flight.unit} ({_brief(error)})"
            ) from error
        except errors.RayError as error:
            raise WorkerError(
                f"the process or machine that did {flight.unit} was lost {_RETRIES + 1} times "
                f"({_brief(error)}); what was finished is kept"
            ) from error
        if kind == "done":
            result, images = answer
            self._advance(images)
            return pickle.loads(result)
        if kind == "unfit":
            raise WorkerError(
                f"node {node} of the cluster {answer}; install the same versions on all machines"
            )
        if isinstance(answer, LnBenchError):
            raise type(answer)(f"{answer.message.marked} (on node {node})") from answer
        if isinstance(answer, Exception):  # too little memory
            raise answer
        raise RuntimeError(f"on node {node}:\n{answer}")


def _unit_function() -> Callable[..., tuple[str, str, Any]]:
    """Return the function that Ray runs. It is made here, so that it travels as code.

    A function of a module would travel by name, and a machine without this package could not say
    what it lacks.
    """

    def do_unit(shared: Any, key: str, unit: bytes, expected: Any) -> tuple[str, str, Any]:
        import socket

        try:
            from robustbench_ln.workers import node
        except ImportError as error:
            return socket.gethostname(), "unfit", f"cannot import robustbench_ln ({error})"
        return socket.gethostname(), *node.do_unit(shared, key, unit, expected)

    return do_unit


def _demand_listener(address: str | None) -> None:
    """Ask whether anybody listens: Ray itself tries for minutes and ends the process.

    Raises:
        WorkerError: Nobody does.
    """
    host, _, port = str(address).rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS):
            pass
    except OSError as error:
        raise WorkerError(
            f"{setting('ray_address', address)}: nobody answers ({_brief(error)}); check the "
            "address and that ray start runs there"
        ) from error


def _brief(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return shorten(one_line(lines[0] if lines else type(error).__name__), 160)
