"""The contract that every corruption keeps: draw and apply are two functions.

`draw` has the only loop over images: each image's random numbers come from its own stream, in the
order the published generators draw them. `apply` is deterministic, batched and works on the
device of its images; the tests feed it the published draws. `corrupt_images` joins the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from robustbench_ln.corruption_names import CorruptionFamilyName
from robustbench_ln.errors import ImageError
from robustbench_ln.images import check_uint8_images

__all__ = [
    "Corruption",
    "Draws",
    "Parameters",
    "Streams",
    "check_size",
    "corrupt_images",
    "draw_nothing",
]

Parameters = tuple[float, ...]
Draws = tuple[Tensor, ...]
"""One tensor for each kind of draw, first axis = images; empty for a deterministic corruption."""
Streams = Iterable[np.random.Generator]
"""One generator for each image, in their order; the next one is asked for when one is done with."""


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
            clipped, for the LocalNorm noises. The common corruptions are given C = 3.
        parameters: Severity table -> parameters of severities 1-5, of a common corruption.
            Empty for the LocalNorm noises, whose one parameter is sigma.
        conventions: Conventions that have this noise of the LocalNorm papers.
        is_probability: Whether sigma is a probability, so that it ends at 1.
        is_benchmark: Whether it is one of the 15 that means and mCE use.
        needs_colour: Whether it does nothing to grey images, which are refused then.
        has_textures: Whether it adds photographs, which a condition names the kind of.
        source: Where the definition was published.
        departs: Differences from the source, for the documentation; "" if none.
    """

    name: str
    family: CorruptionFamilyName | Literal["localnorm"]
    draw: Callable[[Tensor, Parameters, Streams], Draws]
    apply: Callable[[Tensor, Draws, Parameters], Tensor]
    parameters: Mapping[str, Sequence[Parameters]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    conventions: tuple[str, ...] = ()
    is_probability: bool = False
    is_benchmark: bool = False
    needs_colour: bool = False
    has_textures: bool = False
    source: str
    departs: str = ""


_CHUNK_VALUES = (2**16, 2**26)
"""Values that are worked on at once: what a core's cache holds, what keeps a GPU busy."""

_FEWEST_AT_ONCE = 4
"""Images, however large: fewer do not pay for the many small steps of fog and zoom_blur."""


def corrupt_images(
    entry: Corruption, images: Tensor, parameters: Parameters, streams: Streams
) -> Tensor:
    """Draw and apply, a few images at a time, so that memory does not grow with N.

    Grey images are shown to a common corruption as three equal channels and come back as the luma
    of what it made of them.

    Args:
        entry: What to do to them.
        images: [N, H, W, C] uint8, C = 1 or 3; not changed.
        parameters: One of `entry.parameters`, or (sigma,).
        streams: One generator for each image.

    Returns: The same shape on the same device; uint8, or float32 for a LocalNorm noise.

    Raises:
        ImageError: Another shape or dtype, grey images for saturate, or an image too small.
    """
    check_uint8_images(images)
    is_replicated = images.shape[-1] == 1 and entry.family != "localnorm"
    if is_replicated and entry.needs_colour:
        raise ImageError(f"{entry.name} cannot change grey images (C = 1); leave it out")
    values = _CHUNK_VALUES[images.device.type == "cuda"]
    chunk = max(_FEWEST_AT_ONCE, values // math.prod(images.shape[1:]))
    remaining = iter(streams)
    done = []
    for part in torch.split(images, chunk):
        colour = part.expand(-1, -1, -1, 3).contiguous() if is_replicated else part
        draws = entry.draw(colour.cpu(), parameters, islice(remaining, len(part)))
        changed = entry.apply(colour, tuple(draw.to(images.device) for draw in draws), parameters)
        done.append(_luma(changed) if is_replicated else changed)
    return torch.cat(done)


def _luma(images: Tensor) -> Tensor:
    """Return [N, H, W, 1] uint8: (299 R + 587 G + 114 B) / 1000, rounded half up."""
    red, green, blue = images.to(torch.int32).unbind(dim=-1)
    return ((299 * red + 587 * green + 114 * blue + 500) // 1000).to(torch.uint8)[..., None]


def draw_nothing(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Return no draws: the corruption is deterministic."""
    del images, parameters, streams
    return ()


def check_size(images: Tensor, name: str, *, smallest: int) -> None:
    """Demand sides that the corruption's kernel fits.

    Raises:
        ImageError: An image side is below `smallest`.
    """
    height, width = images.shape[1:3]
    if min(height, width) < smallest:
        raise ImageError(
            f"{name} at this severity needs images of at least {smallest}x{smallest}; "
            f"these are {height}x{width}"
        )
