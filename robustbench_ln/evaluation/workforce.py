"""Who does an evaluation: how many processes, on which devices, in batches of which size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import torch

from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import SpecError, by_skin, setting
from robustbench_ln.evaluation.device_batch import (
    DeviceBatch,
    check_memory,
    choose_device_batch,
    memory_of,
)
from robustbench_ln.evaluation.plan import Pass
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.norms.costs import Costs, measure_costs
from robustbench_ln.spec import EvaluationSpec
from robustbench_ln.workers.choice import available_memory, choose_workers, count_cores
from robustbench_ln.workers.cluster import Cluster
from robustbench_ln.workers.engine import Engine
from robustbench_ln.workers.launch import Launcher, can_launch
from robustbench_ln.workers.portable import find_obstacle

__all__ = ["Workforce", "launch", "plan_workforce"]

_OPERATIONS_PER_SECOND = 5e10
"""Of one core, about: the order of magnitude is enough to tell a first look from an evaluation."""
_SECONDS_PER_VALUE = 3e-8
"""To degrade one pixel value, about."""
_WORKER_BYTES = 150_000_000
"""Of a worker without network and images, beside the libraries that all of them share."""
_HELD = 2
"""Freed memory stays with a process: its layers, one after the other, take so often their size."""
_WORKERS_PER_GPU = 4
"""Degrading 32 px images takes a core longer than a GPU takes for the network."""
_MODULES = ("torch", "robustbench_ln.evaluation.unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workforce:
    """Who does the units of a run.

    Attributes:
        batches: Device batch of each pass.
        devices: Where networks run, one worker after the other.
        costs: Costs of one image in the network.
        values: Pixel values of an image.
        obstacle: Why the network cannot go to other processes; None where it can.
    """

    batches: Mapping[Pass, DeviceBatch]
    devices: tuple[str, ...]
    costs: Costs
    values: int
    obstacle: str | None

    @property
    def is_cpu(self) -> bool:
        """Whether networks run on the CPU."""
        return torch.device(self.devices[0]).type == "cpu"

    @property
    def threads(self) -> int | None:
        """Threads of each process: one, so that no row depends on how many share the work.

        A network that only this process can run has all of them: None.
        """
        return None if self.obstacle else 1

    @property
    def sizes(self) -> dict[str, int]:
        """Images that go through the network at once, by layout."""
        return {p.layout.label: batch.rows for p, batch in self.batches.items()}

    def choose_workers(
        self, spec: EvaluationSpec, missing: Sequence[Pass], *, num_images: int, engine: Engine
    ) -> int:
        """Return the number of processes; it changes no row. See `launch` for those of a cluster.

        Args:
            spec: What was asked for.
            missing: The passes to do, one entry for each condition.
            num_images: N.
            engine: Who distributes the work.

        Raises:
            SpecError: Several were asked for, and the network cannot go to them, or they have not
                enough memory.
        """
        if self.obstacle and engine.is_ray:
            raise SpecError(f"{self._reason}; leave {setting('engine')} out")
        if self.obstacle and (spec.workers or 1) > 1:
            raise SpecError(f"{self._reason}; give {setting('workers', 1)}, or leave it out")
        if engine.is_ray:
            return spec.workers or 0
        rows = sum(p.layout.rows_per_set / p.layout.images_together for p in missing)
        network = rows * self.costs.operations / (_OPERATIONS_PER_SECOND if self.is_cpu else 1e13)
        workers = choose_workers(
            spec.workers,
            units=max(1, math.ceil(num_images * max(1, len(missing)) / self._unit_images)),
            seconds=num_images * (network + len(missing) * self.values * _SECONDS_PER_VALUE),
            most=self.most_workers,
            bytes_each=self.bytes_each,
        )
        self.check_memory(workers)
        return workers

    @property
    def most_workers(self) -> int:
        """The most processes that can help."""
        if self.obstacle or not can_launch():
            return 1
        if self.is_cpu:
            return count_cores()
        return max(len(self.devices), min(count_cores(), _WORKERS_PER_GPU * len(self.devices)))

    @property
    def bytes_each(self) -> int:
        """Memory that a worker takes, about."""
        largest = max(memory_of(batch, self.costs) for batch in self.batches.values())
        weights = self.costs.weight_bytes * (len(self.batches) + 1)
        return _WORKER_BYTES + weights + (_HELD * largest if self.is_cpu else 0)

    @property
    def _unit_images(self) -> int:
        return max(batch.sets * p.layout.images_together for p, batch in self.batches.items())

    @property
    def _reason(self) -> str:
        where = by_skin(
            command_line=", and no worker would find it",
            python=": put its class into a file of its own and import it",
        )
        return f"the network cannot go to other processes ({self.obstacle}){where}"

    def check_memory(self, workers: int = 1) -> None:
        """Demand memory for the batches of all workers; see `device_batch.check_memory`."""
        available = available_memory() if self.is_cpu else None
        for p, batch in self.batches.items():
            check_memory(p.layout, batch, self.costs, available=available, workers=workers)


def launch(
    workers: int, engine: Engine, *, is_cpu: bool = True
) -> AbstractContextManager[Launcher | Cluster | None]:
    """Return what starts workers; nothing where this process does all.

    Args:
        workers: How many, of a cluster the most; 0 is as many as it has room for.
        engine: Who distributes the work.
        is_cpu: Whether networks run on the CPU.
    """
    if engine.is_ray:
        return Cluster(engine, workers or None, uses_gpus=not is_cpu)
    return nullcontext() if workers == 1 else Launcher(_MODULES)


def plan_workforce(
    subject: Subject, images: ImageSet, passes: Sequence[Pass], spec: EvaluationSpec
) -> Workforce:
    """Return who does an evaluation.

    Args:
        subject: The network.
        images: The test images.
        passes: Passes of the run.
        spec: What was asked for.

    Raises:
        SpecError: A batch that the memory of this machine has no room for.
    """
    costs = measure_costs(subject.model, images.shape.as_input)
    devices = tuple(spec.device.split(","))
    first = replace(spec, device=devices[0])
    force = Workforce(
        batches={p: choose_device_batch(p.layout, costs, first) for p in passes},
        devices=devices,
        costs=costs,
        values=math.prod(images.shape),
        obstacle=find_obstacle(subject),
    )
    force.check_memory()
    return force
