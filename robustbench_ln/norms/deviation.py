"""BatchNorm by another deviation than the standard deviation: l1 or l-infinity."""

from __future__ import annotations

import torch
from torch import Tensor

from robustbench_ln.norms.moments import Moments, normalize_sets
from robustbench_ln.norms.running_norm import RunningNorm2d

__all__ = ["L1Norm2d", "LInfNorm2d"]


class _DeviationNorm2d(RunningNorm2d):
    """Normalise by the batch's mean and its average deviation of another order.

        y = (x - mean) / sqrt(deviation^2 + eps) * weight + bias

    The deviation of a channel is over the images and positions that share statistics. In evaluation
    mode mean and deviation^2 are the running ones, `running_mean` and `running_var`.

    Args:
        num_features: C.
        eps: Added to the square of the deviation.
        momentum: Share of a new batch in the running statistics.

    Shape: [N, C, H, W] to [N, C, H, W].

    Raises:
        LayoutError: No [N, C, H, W], or a training batch with one value for each channel.

    Source: Santurkar et al. 2018, "How does batch normalization help optimization?", section
        3.3.
    Departs: eps in the root, and the moving average is of the deviation's square, so that all
        layouts mix and swap what they do of a variance.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Normalise [N, C, H, W]."""
        self.check_features(features)
        if not self.training:
            return self.normalize_running(features)
        batch = self.set_moments(features, len(features))
        self.update_running(batch)
        return normalize_sets(features, batch, weight=self.weight, bias=self.bias, eps=self.eps)

    def set_moments(self, features: Tensor, set_size: int) -> Moments:
        """Return mean and squared deviation [S, C] of sets of consecutive images."""
        features = features.float() if features.dtype.itemsize < 4 else features
        sets = features.reshape(-1, set_size, *features.shape[1:])  # [S, M, C, H, W]
        mean = sets.mean(dim=(1, 3, 4), keepdim=True)
        deviation = self._average((sets - mean).abs())
        return Moments(mean.flatten(1), deviation.square())

    def _average(self, distances: Tensor) -> Tensor:
        """Return the deviation [S, C] of the distances [S, M, C, H, W] from the mean."""
        raise NotImplementedError


class L1Norm2d(_DeviationNorm2d):
    """Normalise by the mean absolute deviation: the mean of |x - mean|."""

    def __init__(self, num_features: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(num_features, eps=eps, momentum=momentum)
        self.register_buffer("has_l1_deviation", torch.tensor(True))

    def _average(self, distances: Tensor) -> Tensor:
        return distances.mean(dim=(1, 3, 4))


class LInfNorm2d(_DeviationNorm2d):
    """Normalise by the largest deviation: the maximum of |x - mean|."""

    def __init__(self, num_features: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(num_features, eps=eps, momentum=momentum)
        self.register_buffer("has_linf_deviation", torch.tensor(True))

    def _average(self, distances: Tensor) -> Tensor:
        return distances.amax(dim=(1, 3, 4))
