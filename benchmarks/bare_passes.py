"""Forward passes with nothing around them, for processes that import this file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from robustbench_ln.norms import StatisticsModel

__all__ = ["Bare"]


@dataclass(frozen=True)
class Bare:
    """Forward passes of a network over images that lie in memory.

    Attributes:
        views: The network under each layout, with the images that go through it at once.
        pixels: [N, C, H, W] uint8.
    """

    views: Sequence[tuple[nn.Module, int]]
    pixels: torch.Tensor

    def open(self, place: int) -> Callable[[int, object], None]:
        """Return what sends a number of images through every layout and group."""
        del place
        torch.set_num_threads(1)
        images = (self.pixels / 255).contiguous(memory_format=torch.channels_last)

        def run(number: int, _: object) -> None:
            with torch.inference_mode():
                for view, batch in self.views:
                    groups = view.num_groups if isinstance(view, StatisticsModel) else 1
                    more = {"group": 0} if isinstance(view, StatisticsModel) else {}
                    for start in range(0, number, batch):
                        first = start % (len(images) - batch + 1)
                        for group in range(groups):
                            view(images[first : first + batch], **(more and {"group": group}))

        return run
