"""Several processes that train one network: who this one is, and sums over all of them.

Everything goes through torch.distributed, whose default group somebody else has opened. Where none
is open, this process is alone: its part is the whole, and a sum over processes is its own value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

__all__ = [
    "ALONE",
    "Place",
    "current_place",
    "joined_processes",
    "mean_over_processes",
    "share_from_first",
    "stack_processes",
    "sum_over_processes",
]

Value = TypeVar("Value")


class Place(NamedTuple):
    """Which of the processes this one is.

    Attributes:
        rank: From 0.
        processes: Their number.
    """

    rank: int = 0
    processes: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process reads and writes files."""
        return self.rank == 0

    def part(self, size: int) -> slice:
        """Return this process's part of `size` items, consecutive and as large as the others'.

        >>> Place(1, 2).part(8)
        slice(4, 8, None)
        """
        share = size // self.processes
        return slice(self.rank * share, (self.rank + 1) * share)


ALONE = Place()
"""The place of a process that trains by itself."""


def current_place() -> Place:
    """Return this process's place in torch.distributed's default group; alone without one."""
    if not (dist.is_available() and dist.is_initialized()):
        return ALONE
    return Place(dist.get_rank(), dist.get_world_size())


@contextmanager
def joined_processes(device: str) -> Iterator[Place]:
    """Join the processes that torchrun has started; leave them at the end.

    Args:
        device: Where this process's part of the network runs.
    """
    is_gpu = torch.device(device).type == "cuda"
    if is_gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if is_gpu else "gloo")
    yield current_place()
    dist.destroy_process_group()


def sum_over_processes(values: Tensor) -> Tensor:
    """Return the sum of every process's values, without a gradient."""
    if current_place().processes > 1:
        values = values.clone()
        dist.all_reduce(values)
    return values


def mean_over_processes(values: Tensor) -> Tensor:
    """Return the mean of every process's values; the gradient goes to all of them."""
    processes = current_place().processes
    if processes == 1:
        return values
    total: Tensor = _Sum.apply(values)
    return total / processes


class _Sum(torch.autograd.Function):
    """The sum over processes, whose gradient is the sum of every process's gradient."""

    @staticmethod
    def forward(values: Tensor) -> Tensor:
        return sum_over_processes(values)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep nothing: the gradient depends on no value."""

    @staticmethod
    def backward(_ctx: Any, gradient: Tensor) -> Tensor:
        return sum_over_processes(gradient)


def stack_processes(values: Tensor) -> Tensor:
    """Return every process's values, along the first axis."""
    processes = current_place().processes
    if processes == 1:
        return values
    parts = [torch.empty_like(values).contiguous() for _ in range(processes)]
    dist.all_gather(parts, values.contiguous())
    return torch.cat(parts)


def share_from_first(make: Callable[[], Value]) -> Value:
    """Return what the first process makes; only there is it made."""
    place = current_place()
    values: list[Any] = [make() if place.is_first else None]
    if place.processes > 1:
        dist.broadcast_object_list(values, src=0)
    value: Value = values[0]
    return value
