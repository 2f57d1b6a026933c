"""glass_blur: pixels wander between two Gaussian blurs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_ln.corruptions.contract import Draws, Parameters, Streams, check_size
from robustbench_ln.corruptions.filters import gaussian_weights, smooth
from robustbench_ln.images import to_unit, truncate_to_uint8

__all__ = ["blur_glass", "draw_steps"]


def draw_steps(images: Tensor, parameters: Parameters, streams: Streams) -> Draws:
    """Draw the step (dx, dy) of every visited pixel, each uniform in -d..d-1, never +d.

    Returns: uint8 [N, iterations, H - 2 d, W - 2 d], the steps as (dx + d) 2 d + (dy + d), in the
        order of the visits: rows from the lowest up, in each the last column first.

    Departs: one draw gives both dx and dy.
    """
    _, reach, iterations = (int(parameter) for parameter in parameters)
    count, height, width = images.shape[:3]
    check_size(images, "glass_blur", smallest=2 * reach + 1)
    codes = np.empty((count, iterations, height - 2 * reach, width - 2 * reach), dtype=np.uint8)
    for row, generator in zip(codes, streams, strict=True):
        row[...] = generator.integers(0, 4 * reach**2, size=row.shape, dtype=np.uint8)
    return (torch.from_numpy(codes),)


def blur_glass(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Blur, let each pixel take a neighbour's value, `iterations` times, and blur (glass_blur).

    Args:
        images: [N, H, W, 3] uint8.
        draws: Steps as `draw_steps` returns them.
        parameters: (sigma of both blurs, d, iterations).
    """
    weights = gaussian_weights(parameters[0])
    levels = truncate_to_uint8(smooth(to_unit(images, torch.float64), weights))
    sources = _wander(draws[0], levels, reach=int(parameters[1]))
    pixels = levels.flatten(0, 2)
    taken = pixels.gather(0, sources[:, None].expand(-1, pixels.shape[1])).view_as(levels)
    return truncate_to_uint8(smooth(to_unit(taken, torch.float64), weights))


def _wander(codes: Tensor, images: Tensor, *, reach: int) -> Tensor:
    """Return [N H W]: the flat index of the pixel whose value each pixel ends up with."""
    count, height, width = images.shape[:3]
    step = torch.arange(-reach, reach, device=images.device)
    shift_of_code = (step[:, None] + step * width).flatten()  # dx + dy W
    here = torch.arange(count * height * width, device=images.device)
    sources = here
    for iteration in range(codes.shape[1]):
        code = codes[:, iteration].flip(1, 2)
        shifts = torch.zeros(count, height, width, dtype=torch.int64, device=images.device)
        shifts[:, reach + 1 : height - reach + 1, reach + 1 : width - reach + 1] = (
            shift_of_code.index_select(0, code.flatten().to(torch.int32)).view(code.shape)
        )
        sources = sources.index_select(0, _copy_sources(here, shifts.flatten()))
    return sources


def _copy_sources(here: Tensor, shifts: Tensor) -> Tensor:
    """Return where each value comes from after one pass of copies, all [N H W].

    The source means to swap two pixels, but assigns views of one array: it copies the neighbour,
    which stays as it is. It visits the pixels in descending order. Thus a pixel that copies from
    one after itself (shift > 0) finds what that one has just copied: its source is that one's
    source, and so on up to a pixel that is yet to be visited. With d = 1 no shift is positive;
    with d = 4 a chain ends after each link with probability 0.58.
    """
    copied_from = here + shifts
    sources = copied_from.clone()
    waiting = (shifts > 0).nonzero().flatten()
    while len(waiting):
        between = sources[waiting]
        sources[waiting] = copied_from[between]
        waiting = waiting[shifts[between] > 0]
    return sources
