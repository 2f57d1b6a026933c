"""What the rest knows about a network before it is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

__all__ = ["PAPERS_BATCH", "Architecture"]

PAPERS_BATCH = 128
"""Images in a training batch of the LocalNorm papers, where they say nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One network that can be built by name.

    Attributes:
        id: What `--arch` takes.
        build: (num_classes, in_channels) -> a network with fresh weights. A library's network that
            takes colour images only ignores in_channels.
        num_classes: Published number of classes.
        in_channels: Published number of input channels.
        image_size: Height and width of the images, as published.
        source: Where the network was published.
        departs: Differences from the source, for the documentation; "" if none.
        rename: Name of a tensor in a published file -> its name in the network.
        training_batch: Images in a batch of the papers' training.
        transforms_input: Whether the network itself turns ImageNet's normalisation into -1..1 where
            its library loads the published weights; built without weights it does not.
    """

    id: str
    build: Callable[[int, int], nn.Module]
    num_classes: int
    in_channels: int
    image_size: int
    source: str
    departs: str = ""
    rename: Callable[[str], str] = str
    training_batch: int = PAPERS_BATCH
    transforms_input: bool = False
