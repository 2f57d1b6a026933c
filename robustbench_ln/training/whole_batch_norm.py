"""BatchNorm over a batch that lies in several processes."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from robustbench_ln.training.processes import current_place, mean_over_processes

__all__ = ["WholeBatchNorm", "is_batch_norm"]


class WholeBatchNorm(_BatchNorm):
    """Normalise in training by mean and variance of the images of all processes.

    Every process has as many images. It computes what torch.nn.SyncBatchNorm does, which runs on
    GPUs alone; so one layer is tested for both. In evaluation mode it is BatchNorm.

    Shape: [N, C, ...] to [N, C, ...].
    """

    @classmethod
    def of(cls, layer: _BatchNorm) -> Self:
        """Return a layer that has the parameters and running statistics of another, not copies."""
        whole = cls(
            layer.num_features,
            eps=layer.eps,
            momentum=layer.momentum,
            affine=layer.affine,
            track_running_stats=layer.track_running_stats,
        )
        whole.weight, whole.bias = layer.weight, layer.bias
        for name, value in layer.named_buffers():
            whole.register_buffer(name, value)
        return whole.train(layer.training)

    def _check_input_dim(self, input: Tensor) -> None:
        """Take [N, C], [N, C, L] and images alike."""

    def forward(self, features: Tensor) -> Tensor:
        """Normalise this process's images."""
        if not self.training and self.running_mean is not None:
            return super().forward(features)
        shape = (1, -1, *[1] * (features.ndim - 2))
        places = (0, *range(2, features.ndim))
        mean = mean_over_processes(features.mean(dim=places))  # [C]
        centred = features - mean.view(shape)
        variance = mean_over_processes(centred.square().mean(dim=places))
        if self.training and self.running_mean is not None:
            values = features[:, 0].numel() * current_place().processes
            self._follow(mean.detach(), variance.detach() * (values / (values - 1)))
        scale = (variance + self.eps).rsqrt()
        if self.weight is not None:
            scale = scale * self.weight
        normalized = centred * scale.view(shape)
        return normalized if self.bias is None else normalized + self.bias.view(shape)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics as BatchNorm2d does; the variance is the unbiased one."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        share = self.momentum
        if share is None:
            share = 1 / float(self.num_batches_tracked)
        self.running_mean.mul_(1 - share).add_(mean, alpha=share)
        self.running_var.mul_(1 - share).add_(variance, alpha=share)


def is_batch_norm(layer: nn.Module) -> bool:
    """Whether a layer is one of torch's BatchNorm layers and nothing more."""
    return type(layer) in (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
