"""One step of training."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from robustbench_ln.errors import LayoutError, LnBenchError, TrainingError, is_out_of_memory
from robustbench_ln.norms import describe_output, take_logits
from robustbench_ln.training.processes import mean_over_processes, sum_over_processes
from robustbench_ln.training.recipes import Recipe

__all__ = ["Step", "make_optimizer", "training_step"]


class Step(NamedTuple):
    """What a step came to, over the parts of the batch that all processes have.

    Attributes:
        loss: Mean cross-entropy of the batch, before the update; may be nan or infinite.
        correct: Images of the batch whose largest logit is their label's.
    """

    loss: float
    correct: int


def make_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return stochastic gradient descent on all parameters, with the recipe's numbers."""
    return torch.optim.SGD(
        model.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
    )


def training_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, *, images: Tensor, labels: Tensor
) -> Step:
    """Forward, loss, backward, update; where the loss is not finite, the weights stay.

    Args:
        model: In training mode; its weights and running statistics are changed.
        optimizer: Optimizer of its parameters.
        images: [N, C, H, W], as the network takes them: this process's part of the batch.
        labels: [N].

    Raises:
        TrainingError: The network fails in training, or does not return logits alone.
    """
    try:
        return _step(model, optimizer, images=images, labels=labels)
    except LnBenchError:
        raise
    except (RuntimeError, ValueError, IndexError, TypeError, AssertionError) as error:
        if is_out_of_memory(error):
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingError(
            f"the network's forward or backward pass fails in training: {reason}; "
            "it must take images alone and return logits [N, K] with a gradient"
        ) from error


def _step(
    model: nn.Module, optimizer: torch.optim.Optimizer, *, images: Tensor, labels: Tensor
) -> Step:
    output = model(images)
    try:
        logits = take_logits(output, len(images), is_only_head=True)
    except LayoutError:
        logits = None
    if logits is None or logits.ndim != 2:
        raise TrainingError(
            f"in training the network returns {describe_output(output)}, not logits [N, K] alone; "
            "build it without auxiliary heads"
        )
    loss = F.cross_entropy(logits, labels)
    value = float(mean_over_processes(loss.detach()))
    if math.isfinite(value):
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return Step(value, int(sum_over_processes((logits.argmax(dim=1) == labels).sum())))
