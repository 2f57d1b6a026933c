"""Statistics that slide over a stream: of each image and the images before it, as in a video.

Image i is normalised in every layer with the moments of images i - k + 1 ... i in that layer. What
those images were there is not computed again: it is what came out of the layers below when they
passed, each normalised with its own window. So statistics are causal (no image depends on a later
one), every image goes through the network once, and a layer has to remember k - 1 means and
variances for each channel, and no features.

The first images of a stream have the windows that there are: of 1, 2, ... k - 1 images. A window
is not cut where a new device batch begins.

Source: LocalNorm (arXiv 1902.06550), sections 2 and 6, which name a video stream and "a brief
    stream of images" as the use of statistics over several test images, and give no formula.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.norms.layers import NormLayer
from robustbench_ln.norms.moments import Moments

__all__ = ["Stream", "Windows", "check_sliding", "slide"]

_CLASSES_WITHOUT = ("L1Norm2d", "LInfNorm2d")
"""Norms whose deviation is no merge of the images' own."""


class Windows(NamedTuple):
    """The windows that end with each of some consecutive images.

    Attributes:
        moments: [N, C], of each window.
        sizes: [N, 1] images in it.
        last: [up to k - 1, C], of the images that later windows reach back to.
    """

    moments: Moments
    sizes: Tensor
    last: Moments


def slide(rows: Moments, earlier: Moments | None, *, set_size: int) -> Windows:
    """Merge each image's moments with those of the images before it.

    Args:
        rows: [N, C] of the next images of a stream, of equally many values each.
        earlier: `last` of the images before them; None where the stream begins.
        set_size: k, images in a window.
    """
    if earlier is not None:
        rows = Moments(*(torch.cat(pair) for pair in zip(earlier, rows, strict=True)))
    num_new = len(rows.mean) - (0 if earlier is None else len(earlier.mean))
    parts = [_growing(Moments(*(each[: set_size - 1] for each in rows)))]
    if len(rows.mean) >= set_size:
        parts.append(_full(rows, set_size))
    moments = Moments(*(torch.cat(pair)[-num_new:] for pair in zip(*parts, strict=True)))
    ends = torch.arange(len(rows.mean) - num_new, len(rows.mean), device=rows.mean.device) + 1
    last = Moments(*(each[max(0, len(each) - set_size + 1) :] for each in rows))
    return Windows(moments, ends.clamp(max=set_size)[:, None], last)


def _full(rows: Moments, set_size: int) -> Moments:
    """Return the moments of each `set_size` consecutive rows."""
    means, variances = (each.unfold(0, set_size, 1) for each in rows)  # [N - k + 1, C, k], views
    between, mean = torch.var_mean(means, dim=-1, correction=0)
    return Moments(mean, variances.mean(dim=-1) + between)


def _growing(rows: Moments) -> Moments:
    """Return the moments of the first row, the first two, ..., all rows.

    Source: Welford 1962, "Note on a method for calculating corrected sums of squares and products":
        the squares about the mean grow by (x - earlier mean)(x - mean), which is never negative.
    """
    counts = torch.arange(1, len(rows.mean) + 1, device=rows.mean.device)[:, None]
    mean = rows.mean.cumsum(dim=0) / counts
    before = torch.cat([rows.mean[:1], mean[:-1]])
    between = ((rows.mean - before) * (rows.mean - mean)).cumsum(dim=0) / counts
    return Moments(mean, rows.variance.cumsum(dim=0) / counts + between)


@dataclass(slots=True)
class Stream:
    """What the layers of one view remember of a stream.

    Attributes:
        last: Moments to which later windows reach back, by group of parameters, name of the layer,
            and how often it was called before in the same forward pass.
        calls: Calls of each layer in this forward pass.
    """

    last: dict[tuple[int, str, int], Moments] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    def merge(self, rows: Moments, *, group: int, layer: str, set_size: int) -> Windows:
        """Return the windows of a layer's next images, and remember what comes after them needs."""
        call = self.calls.get(layer, 0)
        self.calls[layer] = call + 1
        windows = slide(rows, self.last.get((group, layer, call)), set_size=set_size)
        self.last[group, layer, call] = windows.last
        return windows


def check_sliding(layers: Iterable[NormLayer]) -> None:
    """Demand layers whose statistics can be merged image by image.

    Raises:
        SpecError: A layer has others.
    """
    for layer in layers:
        if layer.class_name in _CLASSES_WITHOUT and layer.positions is not None:
            raise SpecError(
                f"'{layer.name}' ({layer.class_name}) has no statistics that slide: its deviation "
                f"cannot be merged image by image; leave {setting('sliding', True)} out"
            )
