"""Batch Renormalization: BatchNorm whose training follows its running statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms.moments import Moments, normalize_sets, set_moments
from robustbench_ln.norms.running_norm import RunningNorm2d

__all__ = ["BatchRenorm2d", "RenormSchedule"]


class Limits(NamedTuple):
    """Limits of r (1 / r_max .. r_max) and of d (-d_max .. d_max); scalars."""

    r_max: Tensor
    d_max: Tensor


class Correction(NamedTuple):
    """Scale and shift towards the running statistics, both [1, C], without gradient."""

    r: Tensor
    d: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class RenormSchedule:
    """How far the correction may go at each training step.

    r_max grows linearly from 1 at `start` to `r_max` at `r_end`, d_max from 0 to `d_max` at
    `d_end`; before `start` the layer trains as BatchNorm does.

    Attributes:
        r_max: Largest r, 1 or more; the smallest is 1 / r_max.
        d_max: Largest |d|, 0 or more.
        start: Training steps before the correction sets in.
        r_end: Step from which r_max is full.
        d_end: Step from which d_max is full.

    Raises:
        LayoutError: Limits below 1 and 0, or ends that are not behind the start.

    Source: Ioffe 2017, section 4.
    """

    r_max: float = 3.0
    d_max: float = 5.0
    start: int = 5_000
    r_end: int = 40_000
    d_end: int = 25_000

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (self.r_max >= 1 and self.d_max >= 0):
            raise LayoutError(
                f"r_max is {self.r_max} and d_max {self.d_max}; expected 1 or more and 0 or more"
            )
        if not 0 <= self.start < min(self.r_end, self.d_end):
            raise LayoutError(
                f"the correction starts at step {self.start} and is full at {self.r_end} (r) and "
                f"{self.d_end} (d); expected 0 or more, and later ends"
            )

    def limits(self, step: Tensor) -> Limits:
        """Return r_max and d_max at a step, a scalar counted from 0."""
        r_share = ((step - self.start) / (self.r_end - self.start)).clamp(0, 1)
        d_share = ((step - self.start) / (self.d_end - self.start)).clamp(0, 1)
        return Limits(1 + (self.r_max - 1) * r_share, self.d_max * d_share)


class BatchRenorm2d(RunningNorm2d):
    """Normalise by batch statistics, corrected towards the running ones.

    In training, with mean_B and sigma_B = sqrt(var_B + eps) of the batch, mean and sigma of the
    running statistics, and no gradient through r and d:

        r = clamp(sigma_B / sigma, 1 / r_max, r_max)
        d = clamp((mean_B - mean) / sigma, -d_max, d_max)
        y = ((x - mean_B) / sigma_B * r + d) * weight + bias

    In evaluation mode it is BatchNorm: y = (x - mean) / sigma * weight + bias.

    Args:
        num_features: C.
        eps: Added to the variance.
        momentum: Share of a new batch in the running statistics.
        schedule: Limits of r and d at each training step; `num_steps` counts these.

    Shape: [N, C, H, W] to [N, C, H, W].

    Raises:
        LayoutError: No [N, C, H, W], or a training batch with one value for each channel.

    Source: Ioffe 2017, "Batch renormalization: towards reducing minibatch dependence in
        batch-normalized models", algorithm 1; numbers of section 4.
    Departs: the moving average is of the variance and not of sigma, so that the running statistics
        are BatchNorm's.
    """

    num_steps: Tensor

    def __init__(
        self,
        num_features: int,
        *,
        eps: float = 1e-5,
        momentum: float = 0.01,
        schedule: RenormSchedule | None = None,
    ) -> None:
        super().__init__(num_features, eps=eps, momentum=momentum)
        self.schedule = schedule or RenormSchedule()
        self.register_buffer("num_steps", torch.tensor(0))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise [N, C, H, W]."""
        self.check_features(features)
        if not self.training:
            return self.normalize_running(features)
        batch = set_moments(features, len(features))
        r, d = self._correction(batch)
        self.update_running(batch)
        self.num_steps += 1
        return normalize_sets(
            features, batch, weight=r * self.weight, bias=d * self.weight + self.bias, eps=self.eps
        )

    @torch.no_grad()
    def _correction(self, batch: Moments) -> Correction:
        r_max, d_max = self.schedule.limits(self.num_steps)
        running = self.running
        sigma = (running.variance + self.eps).sqrt()
        r = (batch.variance + self.eps).sqrt() / sigma
        d = (batch.mean - running.mean) / sigma
        return Correction(r.clamp(1 / r_max, r_max), d.clamp(-d_max, d_max))
