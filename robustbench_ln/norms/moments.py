"""Mean and variance over sets of images, numerically safe: centred moments are merged.

Every dynamic layout goes through here. `row_moments` makes one mean and one variance for each
image and channel; `merge_rows` joins the images that share statistics. E[x^2] - mean^2, which
cancels when the mean is large, is never formed. The merge is exact for rows of equal length
(Chan, Golub, LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample
variances"):

    mean = average of the row means
    variance = average of the row variances + average of (row mean - mean)^2
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["Moments", "merge_rows", "mix_moments", "normalize_sets", "row_moments", "set_moments"]


class Moments(NamedTuple):
    """Mean and population variance, both [S, C] (or [N, C] for rows), float32 or wider."""

    mean: Tensor
    variance: Tensor


def row_moments(features: Tensor) -> Moments:
    """Return the moments of each image and channel.

    Args:
        features: [N, C, ...]; half precision is computed in float32. With no positions, [N, C],
            the mean is the value and the variance 0.

    Returns:
        Moments of shape [N, C].
    """
    features = features.float() if features.dtype.itemsize < 4 else features
    if features.ndim == 2:
        return Moments(features, torch.zeros_like(features))
    positions = tuple(range(2, features.ndim))
    mean = features.mean(dim=positions, keepdim=True)  # [N, C, 1, ...]
    # mse_loss is (x - mean)^2 in one pass over memory instead of two.
    squares = F.mse_loss(features, mean.expand_as(features), reduction="none")
    variance = squares.mean(dim=positions)  # [N, C]
    return Moments(mean.flatten(1), variance)


def merge_rows(rows: Moments, set_size: int) -> Moments:
    """Join the rows of consecutive images into sets.

    Args:
        rows: Moments [N, C] of equally many values each.
        set_size: Images in a set; divides N.

    Returns:
        Moments [N / set_size, C].
    """
    if set_size == 1:
        return rows
    shape = (-1, set_size, rows.mean.shape[1])
    means = rows.mean.reshape(shape)  # [S, M, C]
    mean = means.mean(dim=1, keepdim=True)  # [S, 1, C]
    between = (means - mean).square_().mean(dim=1)
    within = rows.variance.reshape(shape).mean(dim=1)
    return Moments(mean.squeeze(1), within + between)


def set_moments(features: Tensor, set_size: int) -> Moments:
    """Return the moments [S, C] of sets of `set_size` consecutive images of `features`."""
    return merge_rows(row_moments(features), set_size)


def mix_moments(running: Moments, sets: Moments, *, running_weight: Tensor | float) -> Moments:
    """Mix means and variances linearly: weight x running + (1 - weight) x sets.

    Source: Schneider et al. 2020, "Improving robustness against common corruptions by covariate
        shift adaptation", section 3 (weight N0 / (N0 + n)).
    Departs: biased set variances, as everywhere here; the authors' code has unbiased ones.
    """
    return Moments(
        running.mean * running_weight + sets.mean * (1 - running_weight),
        running.variance * running_weight + sets.variance * (1 - running_weight),
    )


def normalize_sets(
    features: Tensor, moments: Moments, *, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    """Return (x - mean) / sqrt(variance + eps) * weight + bias with each set's own moments.

    Args:
        features: [N, C, ...], sets of consecutive images.
        moments: [S, C]; S divides N.
        weight: gamma, [C], or [S, C] where sets have parameters of their own; None is 1.
        bias: beta, likewise; None is 0.
        eps: Added to the variance, inside the root.

    Returns:
        The shape and dtype of `features`.

    Source: LocalNorm (ICANN 2021), section 2. The papers' formula has eps twice, in sigma and
        beside it; the authors' code and this have it once, in sigma.
    """
    scale = (moments.variance + eps).rsqrt()  # [S, C]
    scale = scale if weight is None else scale * weight
    shift = -moments.mean * scale if bias is None else bias - moments.mean * scale
    set_size = len(features) // len(scale)
    image_shape = (len(features), -1, *[1] * (features.ndim - 2))
    if len(scale) == 1:
        image_shape = (1, *image_shape[1:])
    else:
        scale, shift = (v.repeat_interleave(set_size, dim=0) for v in (scale, shift))
    wide = features if features.dtype == scale.dtype else features.to(scale.dtype)
    normalized = torch.addcmul(shift.reshape(image_shape), wide, scale.reshape(image_shape))
    return normalized.to(features.dtype)
