"""Networks that were trained for a few steps: that they guess is no reason to doubt the run."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from robustbench_ln.evaluation.checks.fresh_statistics import FEWEST_BATCHES, count_batches

__all__ = ["describe_little_training"]

SMALLEST_MOVE = 0.01
"""Of norm layers' weights from 0 or 1, where they start: the median. After 5 steps a ViT has 1e-5,
after 30 a ResNet-18 0.004, after 360 the digits' networks 0.02 and 0.05; ResNet-20 has 0.33."""


def describe_little_training(model: nn.Module) -> str | None:
    """Return why a network cannot have learned much; None where it may have."""
    batches = max(map(count_batches, model.modules()), default=0)
    if batches:
        is_little = batches < FEWEST_BATCHES
        return f"its norm layers counted {batches} batches in training" if is_little else None
    weights = [weight for module in model.modules() if (weight := _norm_weight(module)) is not None]
    if not weights:
        return None
    scale = torch.cat([weight.detach().flatten().cpu() for weight in weights])
    move = float(torch.minimum(scale.abs(), (scale - 1).abs()).median())
    return "its norm layers are almost those of a new network" if move < SMALLEST_MOVE else None


def _norm_weight(module: nn.Module) -> Tensor | None:
    weight = getattr(module, "weight", None)
    return weight if "Norm" in type(module).__name__ and isinstance(weight, Tensor) else None
