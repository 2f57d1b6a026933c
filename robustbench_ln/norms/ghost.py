"""Ghost BatchNorm: BatchNorm that trains with the statistics of small sets of images."""

from __future__ import annotations

import torch
from torch import Tensor

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms.running_norm import RunningNorm2d

__all__ = ["GhostBatchNorm2d"]


class GhostBatchNorm2d(RunningNorm2d):
    """Normalise each set of a batch by its own statistics, with one gamma and beta for all.

    In training the batch of N images is cut into contiguous sets of M images, where M is the
    largest divisor of N up to `set_size`. Set k has mean mu_k and population variance over
    (M, H, W) for each channel:

        y = (x - mu_k) / sqrt(var_k + eps) * weight + bias

    In evaluation mode it is BatchNorm: y = (x - mean) / sqrt(var + eps) * weight + bias with the
    running statistics. LocalNorm's training without a gamma and beta for each group.

    Args:
        num_features: C.
        set_size: Largest number of images in a set.
        eps: Added to the variance.
        momentum: Share of a new batch in the running statistics.

    Shape: [N, C, H, W] to [N, C, H, W].

    Raises:
        LayoutError: No [N, C, H, W], or in training a batch that has no such sets.

    Source: Hoffer et al. 2017, "Train longer, generalize better: closing the generalization gap in
        large batch training of neural networks", algorithm 1.
    Departs: a batch moves the running statistics once, towards the mean over its sets of mu_k and
        var_k. The paper moves them by every set in turn, so that eight sets replace 57 % of them;
        here they are averages over as many batches as BatchNorm's.
    """

    set_size: Tensor

    def __init__(
        self, num_features: int, *, set_size: int = 16, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        super().__init__(num_features, eps=eps, momentum=momentum)
        self.register_buffer("set_size", torch.tensor(set_size))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise [N, C, H, W]."""
        self.check_features(features)
        if not self.training:
            return self.normalize_running(features)
        num_sets = len(features) // self._find_set_size(features)
        return self.normalize_batch(features, num_sets=num_sets)

    def _find_set_size(self, features: Tensor) -> int:
        """Return M, if each set of the batch has statistics."""
        num_images, most = len(features), int(self.set_size)
        found = max((m for m in range(1, most + 1) if num_images % m == 0), default=0)
        if found == 0 or (found == 1 and num_images > 1) or features[:found, 0].numel() < 2:
            raise LayoutError(
                f"GhostBatchNorm2d cannot cut {num_images} images into equal sets of 2 to {most} "
                "in training, with two values or more for each channel; use a batch that has such "
                "a divisor, as 128"
            )
        return found

    def extra_repr(self) -> str:
        """Return what print(model) shows."""
        return f"{super().extra_repr()}, set_size={int(self.set_size)}"
