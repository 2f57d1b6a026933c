"""The LocalNorm layer, as it trains."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms.group_kernel import normalize_groups

__all__ = ["LocalNorm2d"]


class LocalNorm2d(nn.Module):
    """Normalise each group of a batch by its own statistics, gamma and beta.

    The batch of N images is cut into G = `num_groups` contiguous groups of M = N / G images.
    Group k has mean mu_k and population variance over (M, H, W) for each channel:

        y = (x - mu_k) / sqrt(var_k + eps) * weight[k] + bias[k]

    There are no running statistics: training and evaluation mode compute the same. Which group and
    which images a *test* image is normalised with is the matter of a layout (`with_statistics`).

    Args:
        num_features: C.
        num_groups: G, groups of parameters. Not the images in a group.
        eps: Added to the variance.

    Shape: [N, C, H, W] to [N, C, H, W].

    Raises:
        LayoutError: The batch cannot be cut into G equal groups, is no [N, C, H, W], or in training
            has one value for each channel of a group.

    Source: LocalNorm (ICANN 2021), section 3; eps 1e-5 and once, as in the authors' code.
    """

    weight: nn.Parameter
    bias: nn.Parameter

    def __init__(self, num_features: int, num_groups: int, eps: float = 1e-5) -> None:
        super().__init__()
        if num_features < 1 or num_groups < 1:
            raise LayoutError(
                f"LocalNorm2d({num_features}, {num_groups}): num_features and num_groups start at 1"
            )
        self.num_features = num_features
        self.num_groups = num_groups
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_groups, num_features))
        self.bias = nn.Parameter(torch.zeros(num_groups, num_features))

    def forward(self, images: Tensor) -> Tensor:
        """Normalise [N, C, H, W] in G contiguous groups."""
        self._check_groups(images)
        return normalize_groups(images, self.weight, self.bias, eps=self.eps)

    def _check_groups(self, images: Tensor) -> None:
        """Demand that each group of the batch has statistics."""
        if images.ndim != 4 or images.shape[1] != self.num_features:
            raise LayoutError(
                f"LocalNorm2d saw shape {list(images.shape)}; "
                f"expected [N, {self.num_features}, H, W]"
            )
        group_size, rest = divmod(len(images), self.num_groups)
        if rest or group_size == 0:
            raise LayoutError(
                f"{len(images)} images cannot be cut into {self.num_groups} equal groups; "
                f"use a batch that is a multiple of {self.num_groups}"
            )
        if self.training and images[:group_size, 0].numel() < 2:
            raise LayoutError(
                "LocalNorm2d saw one value for each channel of a group in training; "
                "a variance needs 2 or more: use larger groups or larger images"
            )

    def extra_repr(self) -> str:
        """Return what print(model) shows."""
        return f"{self.num_features}, num_groups={self.num_groups}, eps={self.eps}"
