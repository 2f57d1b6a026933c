"""brightness and saturate, one step in HSV, and contrast, towards each channel's mean.

The source goes to HSV and back by scikit-image. A shorter formula agrees with that to 1e-16, which
truncation turns into a whole grey level in up to 5 % of the values: so these are scikit-image's
operations in their order, in float64, but on the sorted channels, once for each pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from robustbench_ln.corruptions.registry import Draws, Parameters
from robustbench_ln.images import to_unit, truncate_to_uint8

__all__ = ["brighten", "change_contrast", "saturate"]


def brighten(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Add c to the V of HSV, clipped (brightness).

    Args:
        images: [N, H, W, 3] uint8.
        draws: None.
        parameters: (c,).
    """
    del draws
    (extra,) = parameters
    return _change_hsv(
        images, lambda saturation, value: (saturation, value.add(extra).clamp_(0, 1))
    )


def saturate(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Set the S of HSV to a S + b, clipped (saturate). Where b > 0 grey turns red, as published.

    Args:
        images: [N, H, W, 3] uint8.
        draws: None.
        parameters: (a, b).
    """
    del draws
    factor, offset = parameters
    return _change_hsv(
        images,
        lambda saturation, value: (saturation.mul(factor).add_(offset).clamp_(0, 1), value),
    )


def change_contrast(images: Tensor, draws: Draws, parameters: Parameters) -> Tensor:
    """Scale the distance to each channel's mean over the image, (x - mean) c + mean (contrast).

    Args:
        images: [N, H, W, 3] uint8.
        draws: None.
        parameters: (c,).
    """
    del draws
    (factor,) = parameters
    height, width = images.shape[1:3]
    levels = images.to(torch.float64)
    sums = levels.sum(dim=1, keepdim=True).sum(dim=2, keepdim=True)  # whole: exact in any order
    mean = sums / (255 * height * width)
    return truncate_to_uint8(levels.div_(255).sub_(mean).mul_(factor).add_(mean))


class _Order(NamedTuple):
    """Which channel of a pixel is which: bool, each [N, H, W].

    Attributes:
        is_green: Green is the largest. Of equal channels blue counts as larger, then green.
        is_blue: Blue is the largest.
        is_rising: From the smallest to the largest the hue rises: the middle channel comes after
            the largest one in the circle red, green, blue.
    """

    is_green: Tensor
    is_blue: Tensor
    is_rising: Tensor


def _change_hsv(
    images: Tensor, change: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
) -> Tensor:
    """Return [N, H, W, 3] uint8 images after `change(saturation, value)`."""
    red, green, blue = planes = [plane.contiguous() for plane in images.unbind(dim=-1)]
    largest = torch.maximum(torch.maximum(red, green), blue)
    smallest = torch.minimum(torch.minimum(red, green), blue)
    is_blue = blue == largest
    is_green = (green == largest) & ~is_blue
    rises = [green >= blue, blue >= red, red >= green]
    is_red = ~(is_blue | is_green)
    order = _Order(
        is_green, is_blue, (is_red & rises[0]) | (is_green & rises[1]) | (is_blue & rises[2])
    )
    middle = red + green + blue - largest - smallest  # uint8 wraps around and back
    levels = _change_sorted(largest, middle, smallest, order, change)
    is_lowest = [plane == smallest for plane in planes]
    is_highest = [plane == largest for plane in planes]
    is_lowest[0] = is_lowest[0] & ~is_highest[0]  # the hue of grey is 0, red
    is_highest[1:] = [high & ~low for high, low in zip(is_highest[1:], is_lowest[1:], strict=True)]
    chosen = [
        levels[0] * high + levels[1] * ~(high | low) + levels[2] * low
        for high, low in zip(is_highest, is_lowest, strict=True)
    ]
    return torch.stack(chosen, dim=-1)


def _change_sorted(
    largest: Tensor,
    middle: Tensor,
    smallest: Tensor,
    order: _Order,
    change: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the changed largest, middle and smallest levels, uint8.

    The hue in sixths of the circle is 0, 2 or 4 (red, green, blue) plus or minus `share`; the way
    through the hue in 0..1 and back to a sixth rounds as the source does.
    """
    value, low = to_unit(largest, torch.float64), to_unit(smallest, torch.float64)
    chroma = value - low
    is_rising = order.is_rising.to(torch.float64)
    share = to_unit(middle, torch.float64).sub_(low).div_(chroma.clamp(min=_TINY))
    sixths = order.is_green.to(torch.float64).add_(order.is_blue, alpha=2).mul_(2)
    wraps = ~(order.is_green | order.is_blue | order.is_rising)
    hue = share.mul_(is_rising * 2 - 1).add_(sixths).div_(6).add_(wraps)
    sixth = hue.mul_(6)
    share = sixth.sub_(sixth.floor()).sub_(is_rising).abs_()  # 1 - share where the hue rises
    saturation, value = change(chroma.div_(value.clamp(min=_TINY)), value)
    return (
        truncate_to_uint8(value),
        truncate_to_uint8((1 - share.mul_(saturation)).mul_(value)),
        truncate_to_uint8((1 - saturation).mul_(value)),
    )


_TINY = 1e-3
"""Below every chroma and value but 0."""
