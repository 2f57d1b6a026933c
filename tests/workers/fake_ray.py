"""The public names of Ray that we use, in one process: units run when they are waited for."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any


class RayError(Exception):
    pass


class RayTaskError(RayError):
    pass


class WorkerCrashedError(RayError):
    pass


class FakeRay(ModuleType):
    """Ray of `cpus` cores and `gpus` GPUs.

    Attributes:
        calls: Names of the functions that were called with a lasting effect.
        crashes: What a unit, by its number, raises in place of an answer.
        backwards: Whether units end in the opposite order.
        most_running: The most units that were running at once.
    """

    def __init__(self, cpus: float = 2, gpus: float = 0) -> None:
        super().__init__("ray")
        self.__spec__ = ModuleSpec("ray", None)
        self.exceptions = SimpleNamespace(
            RayError=RayError, RayTaskError=RayTaskError, WorkerCrashedError=WorkerCrashedError
        )
        self.resources = {"CPU": cpus, "GPU": gpus}
        self.calls: list[Any] = []
        self.crashes: dict[int, Exception] = {}
        self.backwards = False
        self.most_running = self.options = 0
        self._values: dict[int, Callable[[], Any]] = {}
        self._is_initialized = False

    def is_initialized(self) -> bool:
        return self._is_initialized

    def init(self, **options: Any) -> None:
        self.calls.append(("init", options))
        self._is_initialized = True

    def shutdown(self) -> None:
        self.calls.append("shutdown")
        self._is_initialized = False

    def cluster_resources(self) -> dict[str, float]:
        return self.resources

    def put(self, value: Any) -> int:
        content = pickle.dumps(value)
        return self._keep(lambda: pickle.loads(content))

    def remote(self, function: Callable[..., Any]) -> Any:
        def submit(shared: int, *arguments: Any) -> int:
            number = len(self._values)
            return self._keep(lambda: self._run(number, function, shared, arguments))

        def options(**chosen: Any) -> SimpleNamespace:
            self.calls.append(("options", chosen))
            return SimpleNamespace(remote=submit)

        return SimpleNamespace(options=options)

    def wait(self, answers: Iterable[int], timeout: float) -> tuple[list[int], list[int]]:
        waiting = list(answers)
        self.most_running = max(self.most_running, len(waiting))
        if not self.resources["CPU"]:
            return [], waiting
        done = waiting[-1] if self.backwards else waiting[0]
        return [done], [answer for answer in waiting if answer != done]

    def get(self, answer: int) -> Any:
        return self._values[answer]()

    def cancel(self, answer: int) -> None:
        self.calls.append("cancel")

    def _keep(self, value: Callable[[], Any]) -> int:
        self._values[len(self._values)] = value
        return len(self._values) - 1

    def _run(self, number: int, function: Callable[..., Any], shared: int, rest: Any) -> Any:
        if number in self.crashes:
            raise self.crashes[number]
        return function(self.get(shared), *rest)
