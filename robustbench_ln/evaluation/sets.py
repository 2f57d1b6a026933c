"""The order of the test images, and a network run over sets of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.errors import SpecError, setting
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

    Sets are consecutive images of the stream, which ends with a whole one. Memory holds one device
    batch, not the stream. The batch never changes which images share statistics. A GPU whose
    memory is too small for it gets half of it from then on.

    Args:
        view: The network under its layout.
        sets: Whole sets that go through the network at once.

    Attributes:
        sets: The same, after what the memory of a GPU taught.
    """

    def __init__(self, view: StatisticsModel, *, sets: int) -> None:
        self._view = view
        self._set_size = view.layout.set_size or 1
        self._waiting: list[Tensor] = []
        self.sets = sets

    def feed(self, images: Tensor) -> Iterator[Tensor]:
        """Take the next [n, C, H, W] of the stream; yield logits [G, m, K] of completed blocks."""
        self._waiting.append(images)
        block = self.sets * self._set_size
        if sum(map(len, self._waiting)) >= block:
            ready = torch.cat(self._waiting)
            end = len(ready) // block * block
            self._waiting = [ready[end:]]
            for start in range(0, end, block):
                yield self._run(ready[start : start + block])

    def finish(self) -> Iterator[Tensor]:
        """Yield the logits of what is left."""
        rest = torch.cat(self._waiting)
        if len(rest):
            yield self._run(rest)

    def _run(self, images: Tensor) -> Tensor:
        try:
            with torch.inference_mode():
                groups = range(self._view.num_groups)
                return torch.stack([self._view(images, group=g).float().cpu() for g in groups])
        except torch.OutOfMemoryError as error:
            sets = len(images) // self._set_size
            if sets == 1:
                raise SpecError(
                    f"the memory of the GPU is too small for {self._set_size} images that share "
                    f"statistics; lower {setting('stat_batch')} or {setting('group_size')}"
                ) from error
        self.sets = sets // 2
        torch.cuda.empty_cache()
        middle = self.sets * self._set_size
        return torch.cat([self._run(images[:middle]), self._run(images[middle:])], dim=1)
