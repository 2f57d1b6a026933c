"""How many images go through the network at once: a rule from shapes, never from timing."""

from __future__ import annotations

from typing import NamedTuple

import torch

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.norms import StatisticsLayout
from robustbench_ln.norms.costs import Costs
from robustbench_ln.spec import EvaluationSpec

__all__ = ["DeviceBatch", "check_memory", "choose_device_batch", "memory_of"]

_CACHE_BYTES = 2**22
"""Of a layer's input and output together on a CPU. ResNet-20, 32 px, one thread, 32 images: 0.80 ms
an image; 8: 0.92, 128: 0.79. ResNet-50, 224 px, 4 images: 68 ms; 1: 81, 16: 77, 32: 84."""
_FEWEST, _MOST = 4, 128
"""Images at once on a CPU: fewer waste the weights of late layers, more leave the cache."""

_GPU_BYTES, _MOST_ON_GPU = 2**31, 1024
"""The same on a GPU, which wants many images at once; halved where its memory is too small."""

_LAYERS_IN_MEMORY = 2
"""Largest layers that are in memory at a time, inputs and outputs: a branch that waits, and
squares of what a norm layer is given. ResNet-50 takes 1.5 of them, under a layout 1.9."""


class DeviceBatch(NamedTuple):
    """Images that go through the network at once.

    Attributes:
        sets: Whole sets of the layout.
        rows: Images in them, rotations counted.
    """

    sets: int
    rows: int


def choose_device_batch(
    layout: StatisticsLayout, costs: Costs, spec: EvaluationSpec
) -> DeviceBatch:
    """Return the batch of a layout; it depends on shapes and the spec alone.

    Args:
        layout: Who shares statistics: sets are not divided.
        costs: Costs of the network.
        spec: The device, and in `device_batch` the size that was asked for; None is the rule.
    """
    budget, fewest, most = _CACHE_BYTES, _FEWEST, _MOST
    if torch.device(spec.device).type != "cpu":
        budget, fewest, most = _GPU_BYTES, _FEWEST, _MOST_ON_GPU
    fitting = budget // max(1, costs.layer_bytes)
    power = 2 ** max(0, fitting.bit_length() - 1)
    rows = spec.device_batch or min(most, max(fewest, power))
    sets = max(1, rows // layout.rows_per_set)
    return DeviceBatch(sets, sets * layout.rows_per_set)


def memory_of(batch: DeviceBatch, costs: Costs) -> int:
    """Return the bytes that a forward pass of a batch takes, about."""
    return batch.rows * costs.layer_bytes * _LAYERS_IN_MEMORY


def check_memory(
    layout: StatisticsLayout,
    batch: DeviceBatch,
    costs: Costs,
    *,
    available: int | None,
    workers: int = 1,
) -> None:
    """Demand room for a batch in the memory of this machine.

    Raises:
        SpecError: There is none; the message says what to lower.
    """
    needed = memory_of(batch, costs) * workers
    if available is None or needed <= available:
        return
    size = {"batch": setting("stat_batch"), "set": setting("group_size")}.get(layout.name)
    lower = size if size and batch.sets == 1 else setting("device_batch")
    lower += f" or {setting('workers')}" if workers > 1 else ""
    raise SpecError(
        f"{batch.rows} images of layout '{layout.name}' at once take about {needed / 1e9:.1f} GB"
        f"{f' in {workers} workers' if workers > 1 else ''}, {available / 1e9:.1f} GB are "
        f"available; lower {lower}"
    )
