"""The order of the test images, and a network run over sets of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.norms import StatisticsModel
from robustbench_ln.rng import stream

__all__ = ["SetRunner", "evaluation_order"]


def evaluation_order(
    num_images: int, *, order: str, seed: int, limit: int | None
) -> NDArray[np.int64]:
    """Return the positions of the images in the data set, in the order of evaluation.

    Args:
        num_images: N.
        order: "shuffled": one permutation for a seed, the same for every condition and mode.
            "as-is": 0, 1, 2, ...
        seed: Seed of the run.
        limit: Number of images to keep, the first after the permutation; None keeps all.
    """
    if order == "shuffled":
        indices = stream(seed, "order").permutation(num_images)
    else:
        indices = np.arange(num_images)
    return indices[:limit].astype(np.int64)


class SetRunner:
    """Runs a network under one layout over a stream of images, whole sets at a time.

    Sets are consecutive images of the stream. The last incomplete set is refilled with the first
    images of the stream; refills feed statistics only. Memory holds one device batch, not the
    stream. `device_batch` never changes which images share statistics: it is rounded to whole sets,
    and a set that is larger goes through the network whole.

    Args:
        view: The network under its layout.
        num_images: Number of images of the whole stream; at least one set.
        device_batch: Images that go through the network at once, rotations counted.
    """

    def __init__(self, view: StatisticsModel, *, num_images: int, device_batch: int) -> None:
        set_size = view.layout.set_size or 1
        assert set_size <= num_images, "the plan makes one set of N where N is smaller"
        self._view = view
        self._set_size = set_size
        self._block = max(1, device_batch // view.layout.rows_per_set) * set_size
        self._head: list[Tensor] = []
        self._waiting: list[Tensor] = []
        self.refills = -num_images % set_size

    def feed(self, images: Tensor) -> Iterator[Tensor]:
        """Take the next [n, C, H, W] of the stream; yield logits [G, m, K] of completed blocks."""
        missing = self.refills - sum(map(len, self._head))
        if missing > 0:
            self._head.append(images[:missing])
        self._waiting.append(images)
        if sum(map(len, self._waiting)) >= self._block:
            ready = torch.cat(self._waiting)
            end = len(ready) // self._block * self._block
            self._waiting = [ready[end:]]
            for start in range(0, end, self._block):
                yield self._run(ready[start : start + self._block])

    def finish(self) -> Iterator[Tensor]:
        """Yield the logits of what is left, its last set refilled."""
        rest = torch.cat(self._waiting)
        if len(rest):
            yield self._run(torch.cat([rest, *self._head]))[:, : len(rest)]

    def _run(self, images: Tensor) -> Tensor:
        with torch.inference_mode():
            groups = range(self._view.num_groups)
            return torch.stack([self._view(images, group=g).float().cpu() for g in groups])
