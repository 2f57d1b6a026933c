"""A network run over sets of a stream of images."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.norms import StatisticsModel

__all__ = ["SetRunner"]


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
        self._set_size = view.layout.images_together
        self._waiting: list[Tensor] = []
        self.sets = sets
        view.remembered = {}

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
        remembered = self._view.remembered
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
        self._view.remembered = remembered
        torch.cuda.empty_cache()
        middle = self.sets * self._set_size
        return torch.cat([self._run(images[:middle]), self._run(images[middle:])], dim=1)
