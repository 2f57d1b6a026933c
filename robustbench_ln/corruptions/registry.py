"""The contract that every corruption keeps: draw and apply are two functions.

`draw` has the only loop over images: each image's random numbers come from its own stream, in the
order the published generators draw them. `apply` is deterministic, batched and works on the
device of its images; the tests feed it the published draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from torch import Tensor

__all__ = ["Corruption", "Draws", "Parameters"]

Parameters = tuple[float, ...]
Draws = tuple[Tensor, ...]
"""One tensor for each kind of draw, first axis = images; empty for a deterministic corruption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corruption:
    """One way to degrade images.

    Attributes:
        name: The published name, snake_case.
        family: "noise", "blur", "weather", "digital", or "localnorm" for the papers' noises.
        draw: (images uint8 [N, H, W, C] on the CPU, parameters, one generator per image) -> Draws
            on the CPU.
        apply: (images uint8 [N, H, W, C], draws on the same device, parameters) -> images of the
            same shape; uint8 for the common corruptions, float32 on the 0..1 scale, not yet
            clipped, for the LocalNorm noises.
        parameters: For a common corruption: severity table -> the parameters of severities 1-5.
            Empty for the LocalNorm noises, whose one parameter is sigma.
        conventions: For a LocalNorm noise: the conventions that have it.
        is_benchmark: Whether it is one of the 15 that means and mCE use.
        source: Where the definition was published.
        departs: Differences from the source, for the documentation; "" if none.
    """

    name: str
    family: Literal["noise", "blur", "weather", "digital", "localnorm"]
    draw: Callable[[Tensor, Parameters, Iterable[np.random.Generator]], Draws]
    apply: Callable[[Tensor, Draws, Parameters], Tensor]
    parameters: dict[str, Sequence[Parameters]] = field(default_factory=dict)
    conventions: tuple[str, ...] = ()
    is_benchmark: bool = False
    source: str
    departs: str = ""
