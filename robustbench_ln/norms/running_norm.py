"""What norms with running statistics share: gamma, beta and running statistics."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms.group_kernel import normalize_groups
from robustbench_ln.norms.moments import Moments, set_moments

__all__ = ["RunningNorm2d"]


class RunningNorm2d(nn.Module):
    """One gamma and beta, and a running mean and variance, for each channel.

    Args:
        num_features: C.
        eps: Added to the variance.
        momentum: Share of a new batch in the running statistics.

    Departs: the running variance is the population variance, as everywhere here; torch's
        BatchNorm2d keeps the unbiased one.
    """

    weight: nn.Parameter
    bias: nn.Parameter
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, *, eps: float, momentum: float) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    @property
    def running(self) -> Moments:
        """The running statistics, [1, C]."""
        return Moments(self.running_mean[None], self.running_var[None])

    def update_running(self, batch: Moments) -> None:
        """Move the running statistics towards those of a batch, [1, C]."""
        with torch.no_grad():
            self.running_mean.lerp_(batch.mean[0].to(self.running_mean), self.momentum)
            self.running_var.lerp_(batch.variance[0].to(self.running_var), self.momentum)

    def normalize_running(self, features: Tensor) -> Tensor:
        """Normalise as BatchNorm does in evaluation mode."""
        return F.batch_norm(
            features, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )

    def normalize_batch(self, features: Tensor, *, num_sets: int) -> Tensor:
        """Normalise contiguous sets of a training batch, each by its own statistics.

        The running statistics move once, towards the mean over the sets.
        """
        shape = (num_sets, self.num_features)
        sets = Moments(self.running_mean.new_zeros(shape), self.running_mean.new_zeros(shape))
        normalized = normalize_groups(
            features, self.weight.expand(shape), self.bias.expand(shape), eps=self.eps, seen=sets
        )
        num_values = features[:, 0].numel() // num_sets
        mean, variance = (values.mean(dim=0, keepdim=True) for values in sets)
        self.update_running(Moments(mean, variance * ((num_values - 1) / num_values)))
        return normalized

    def set_moments(self, features: Tensor, set_size: int) -> Moments:
        """Return what takes the running statistics' place on sets of images, [S, C]."""
        return set_moments(features, set_size)

    def check_features(self, features: Tensor) -> None:
        """Demand [N, C, H, W], and in training more than one value for each channel.

        Raises:
            LayoutError: Another shape, or statistics of a single value.
        """
        if features.ndim != 4 or features.shape[1] != self.num_features:
            raise LayoutError(
                f"{type(self).__name__} saw shape {list(features.shape)}; "
                f"expected [N, {self.num_features}, H, W]"
            )
        if self.training and features[:, 0].numel() < 2:
            raise LayoutError(
                f"{type(self).__name__} saw {features[:, 0].numel()} values for each channel in "
                "training; a variance needs 2 or more: use a larger batch or larger images"
            )

    def extra_repr(self) -> str:
        """Return what print(model) shows."""
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
