"""BatchNorm whose training output is shifted and scaled at random, in each step anew."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from robustbench_ln.norms.running_norm import RunningNorm2d

__all__ = ["Noise", "NoisyBatchNorm2d"]


class Noise(NamedTuple):
    """Shift and scale of one training step, both [N, C, 1, 1]."""

    shift: Tensor
    scale: Tensor


class NoisyBatchNorm2d(RunningNorm2d):
    """BatchNorm, and in training a random shift and scale after it.

        z = (x - mean) / sqrt(var + eps) * weight + bias
        y = s z + m

    In each training step a channel draws a mean shift U(-shift, shift) and a mean scale
    U(1, scale); around these each image draws its own m, within `spread`, and s, with standard
    deviation `spread`. So the distribution that the next layer sees changes at every step. In
    evaluation mode it is BatchNorm. The draws are of torch's own generator, as those of dropout:
    a training seeds it by (seed, epoch).

    Args:
        num_features: C.
        eps: Added to the variance.
        momentum: Share of a new batch in the running statistics.
        shift: Largest mean shift of a step.
        scale: Largest mean scale of a step.
        spread: Variance of the images around a step's means.

    Shape: [N, C, H, W] to [N, C, H, W].

    Raises:
        LayoutError: No [N, C, H, W], or a training batch with one value for each channel.

    Source: Santurkar et al. 2018, "How does batch normalization help optimization?", section 2.1:
        noise after BatchNorm, of a mean and variance that change at every step.
    Departs: the survey gives no numbers; 0.5, 1.25 and 0.1 are chosen here. A shift and scale is
        of an image and channel, not of each of its positions.
    """

    noise_bounds: Tensor

    def __init__(  # noqa: PLR0913
        self,
        num_features: int,
        *,
        eps: float = 1e-5,
        momentum: float = 0.1,
        shift: float = 0.5,
        scale: float = 1.25,
        spread: float = 0.1,
    ) -> None:
        super().__init__(num_features, eps=eps, momentum=momentum)
        self.register_buffer("noise_bounds", torch.tensor([shift, scale, spread]))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise [N, C, H, W]."""
        self.check_features(features)
        if not self.training:
            return self.normalize_running(features)
        normalized = self.normalize_batch(features, num_sets=1)
        noise = self.draw_noise(len(features))
        return torch.addcmul(noise.shift, normalized, noise.scale)

    def draw_noise(self, num_images: int) -> Noise:
        """Draw the shift and scale of a training step."""
        shift, scale, spread = self.noise_bounds.to(self.weight)
        step, images = (1, self.num_features, 1, 1), (num_images, self.num_features, 1, 1)
        new = self.weight.detach().new_empty
        mean_shift = new(step).uniform_(-1, 1) * shift
        mean_scale = 1 + new(step).uniform_(0, 1) * (scale - 1)
        return Noise(
            shift=mean_shift + new(images).uniform_(-1, 1) * spread,
            scale=mean_scale + new(images).normal_() * spread,
        )
