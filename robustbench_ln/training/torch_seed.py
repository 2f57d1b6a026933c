"""torch's own generator, for what can take no other: fresh weights and dropout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from robustbench_ln.rng import stream

__all__ = ["torch_seeded"]


@contextmanager
def torch_seeded(seed: int, *keys: str | int, device: str = "cpu") -> Iterator[None]:
    """Seed torch's generator by (seed, keys) inside the block; its state is restored after it.

    On the CPU torch keeps 32 bits of a seed: enough for the few streams of one training.
    """
    place = torch.device(device)
    forked = [place] if place.type == "cuda" else []
    with torch.random.fork_rng(devices=forked):
        torch.manual_seed(int(stream(seed, *keys).integers(2**63)))  # noqa: TID251
        yield
