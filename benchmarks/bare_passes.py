"""Forward passes with nothing around them, for processes that import this file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

__all__ = ["Bare"]


@dataclass(frozen=True)
class Bare:
    """A network's forward passes over images that lie in memory, without anything around them."""

    network: nn.Module
    pixels: torch.Tensor
    batch: int

    def open(self, place: int) -> Callable[[int, object], None]:
        """Return what runs a number of images."""
        del place
        torch.set_num_threads(1)
        images = (self.pixels / 255).contiguous(memory_format=torch.channels_last)

        def run(number: int, _: object) -> None:
            with torch.inference_mode():
                for start in range(0, number, self.batch):
                    first = start % (len(images) - self.batch + 1)
                    self.network(images[first : first + self.batch])

        return run
