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

from robustbench_ln.corruptions.contract import Draws, Parameters
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


class _Sorted(NamedTuple):
    """The channels of each pixel by size, and which is which; all uint8 [N, H, W].

    Attributes:
        largest: Level of the largest channel.
        middle: Level of the one between.
        smallest: Level of the smallest channel.
        is_green: 1 where green is the largest, else 0. Of equal channels blue, then green, counts
            as the larger one.
        is_blue: 1 where blue is the largest.
        is_rising: 1 where the middle channel follows the largest one in the circle red, green,
            blue: there the hue rises with it.
    """

    largest: Tensor
    middle: Tensor
    smallest: Tensor
    is_green: Tensor
    is_blue: Tensor
    is_rising: Tensor


def _flag(condition: Tensor) -> Tensor:
    """Return a bool tensor as 0 and 1, uint8: PyTorch computes with these ten times faster."""
    return condition.view(torch.uint8)


def _change_hsv(
    images: Tensor, change: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
) -> Tensor:
    """Return [N, H, W, 3] uint8 images after `change(saturation, value)`."""
    planes = [plane.contiguous() for plane in images.unbind(dim=-1)]
    colour = _sort(*planes)
    largest, middle, smallest = _change_sorted(colour, change)
    above, below = largest - middle, smallest - middle  # uint8 wraps around, and back when added
    chosen = []
    for channel, plane in enumerate(planes):
        high, low = _flag(plane == colour.largest), _flag(plane == colour.smallest)
        if channel == 0:  # the hue of grey is 0, red: there red is the largest, the others smallest
            low = low & ~high
        else:
            high = high & ~low
        chosen.append(middle + above * high + below * low)
    return torch.stack(chosen, dim=-1)


def _sort(red: Tensor, green: Tensor, blue: Tensor) -> _Sorted:
    largest = torch.maximum(torch.maximum(red, green), blue)
    smallest = torch.minimum(torch.minimum(red, green), blue)
    is_blue = _flag(blue == largest)
    is_green = _flag(green == largest) & ~is_blue
    is_red = 1 - is_blue - is_green
    is_rising = (
        is_red * _flag(green >= blue)
        + is_green * _flag(blue >= red)
        + is_blue * _flag(red >= green)
    )
    middle = red + green + blue - largest - smallest  # uint8 wraps around and back
    return _Sorted(largest, middle, smallest, is_green, is_blue, is_rising)


def _change_sorted(
    colour: _Sorted, change: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the changed largest, middle and smallest levels, uint8.

    The hue in sixths of the circle is 0, 2 or 4 (red, green, blue) plus or minus `share`; the way
    through the hue in 0..1 and back to sixths rounds as the source does.
    """
    value, low = to_unit(colour.largest, torch.float64), to_unit(colour.smallest, torch.float64)
    chroma = value - low
    is_rising = colour.is_rising.to(torch.float64)
    sixths = (colour.is_green * 2 + colour.is_blue * 4).to(torch.float64)
    wraps = (1 - (colour.is_green | colour.is_blue | colour.is_rising)).to(torch.float64)
    share = to_unit(colour.middle, torch.float64).sub_(low).div_(chroma.clamp(min=_TINY))
    hue = share.mul_(is_rising * 2 - 1).add_(sixths).div_(6).add_(wraps)
    sixth = hue.mul_(6)
    share = sixth.sub_(sixth.floor()).sub_(is_rising).abs_()  # 1 - share where the hue rises
    saturation, value = change(chroma.div_(value.clamp(min=_TINY)), value)
    return (
        truncate_to_uint8(value),
        truncate_to_uint8(share.mul_(saturation).neg_().add_(1).mul_(value)),
        truncate_to_uint8((1 - saturation).mul_(value)),
    )


_TINY = 1e-3
"""Below every chroma and value but 0."""
