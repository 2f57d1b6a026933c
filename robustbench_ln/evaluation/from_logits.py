"""From logits to what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.runs.predictions import Predictions

__all__ = ["predict"]


def predict(
    logits: Tensor,
    *,
    image_index: NDArray[np.int64],
    labels: NDArray[np.int64],
    classes: Sequence[int] | None = None,
) -> Predictions:
    """Return what is kept of logits, on the CPU.

    Args:
        logits: [G, N, K], float32 and finite.
        image_index: [N].
        labels: [N]; of `classes`.
        classes: Classes that are scored: all other logits are left out. None is all.
    """
    logits = logits.double() if classes is None else _leave_out(logits.double(), classes)
    log_probability = logits.log_softmax(dim=-1)
    label = torch.from_numpy(labels)[None, :, None].expand(len(logits), -1, 1)
    # NumPy's argmax returns the first of equal maxima; torch's does not promise it.
    class_index = torch.from_numpy(logits.numpy().argmax(axis=-1))  # [G, N]
    of_class = class_index[..., None]
    logit_sum = logits.sum(dim=0, keepdim=True).expand_as(logits)
    mean_probability = log_probability.exp().mean(dim=0, keepdim=True).expand_as(logits)

    def pick(values: Tensor, index: Tensor) -> NDArray[np.float32]:
        return values.gather(-1, index).squeeze(-1).float().numpy()

    return Predictions(
        image_index=image_index,
        labels=labels,
        class_index=class_index.int().numpy(),
        top1_probability=pick(log_probability.exp(), of_class),
        label_log_probability=pick(log_probability, label),
        class_logit_sum=pick(logit_sum, of_class),
        class_mean_probability=pick(mean_probability, of_class),
    )


def _leave_out(logits: Tensor, classes: Sequence[int]) -> Tensor:
    """Return logits of -inf for all but the classes that are scored: their softmax is 0."""
    scored = torch.full_like(logits, -torch.inf)
    scored[..., list(classes)] = logits[..., list(classes)]
    return scored
