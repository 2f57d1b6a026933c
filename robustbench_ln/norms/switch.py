"""SwitchNorm: a learned mix of the statistics of an image's channel, an image and a batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from robustbench_ln.norms.moments import Moments, merge_rows, normalize_sets, row_moments
from robustbench_ln.norms.running_norm import RunningNorm2d

__all__ = ["SwitchNorm2d"]


class SwitchNorm2d(RunningNorm2d):
    """Normalise by a learned mix of instance, layer and batch statistics.

        mean = sum_k softmax(mean_weight)_k mean_k          k = instance, layer, batch
        variance = sum_k softmax(var_weight)_k variance_k
        y = (x - mean) / sqrt(variance + eps) * weight + bias

    Instance statistics are over (H, W) of an image's channel, layer statistics over (C, H, W) of an
    image, batch statistics over (N, H, W) of a channel: in evaluation mode the running ones.

    Args:
        num_features: C.
        eps: Added to the variance.
        momentum: Share of a new batch in the running statistics.

    Shape: [N, C, H, W] to [N, C, H, W].

    Raises:
        LayoutError: No [N, C, H, W], or a training batch with one value for each channel.

    Source: Luo et al. 2019, "Differentiable learning-to-normalize via switchable normalization",
        equations 2 to 5; the three weights of each mix start equal.
    Departs: for evaluation a moving average, with torch's BatchNorm momentum 0.1, where the paper
        averages over batches after training.
    """

    mean_weight: nn.Parameter
    var_weight: nn.Parameter

    def __init__(self, num_features: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(num_features, eps=eps, momentum=momentum)
        self.mean_weight = nn.Parameter(torch.ones(3))
        self.var_weight = nn.Parameter(torch.ones(3))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise [N, C, H, W]."""
        self.check_features(features)
        images = row_moments(features)
        if not self.training:
            return self._normalize(features, images, self.running)
        batch = merge_rows(images, len(features))
        self.update_running(batch)
        return self._normalize(features, images, batch)

    def forward_with_batch(self, features: Tensor, batch: Moments) -> Tensor:
        """Normalise with batch statistics that are given; the other two parts are the images' own.

        Args:
            features: [N, C, H, W], sets of consecutive images.
            batch: [S, C]; S divides N.
        """
        return self._normalize(features, row_moments(features), batch)

    def _normalize(self, features: Tensor, images: Moments, batch: Moments) -> Tensor:
        layer_mean = images.mean.mean(dim=1, keepdim=True)  # [N, 1]
        between = (images.mean - layer_mean).square().mean(dim=1, keepdim=True)
        layer_variance = images.variance.mean(dim=1, keepdim=True) + between
        set_size = len(features) // len(batch.mean)
        batch_mean, batch_variance = (v.repeat_interleave(set_size, dim=0) for v in batch)
        mixed = Moments(
            _mix(self.mean_weight, images.mean, layer_mean, batch_mean),
            _mix(self.var_weight, images.variance, layer_variance, batch_variance),
        )
        return normalize_sets(features, mixed, weight=self.weight, bias=self.bias, eps=self.eps)


def _mix(weight: Tensor, instance: Tensor, layer: Tensor, batch: Tensor) -> Tensor:
    share = weight.softmax(dim=0)
    return share[0] * instance + share[1] * layer + share[2] * batch  # [N, C]
