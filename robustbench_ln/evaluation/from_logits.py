"""From logits to what is kept of them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_ln.runs.predictions import Predictions

__all__ = ["predict"]


def predict(
    logits: Tensor, *, image_index: NDArray[np.int64], labels: NDArray[np.int64]
) -> Predictions:
    """Return what is kept of logits [G, N, K], float32 and finite, on the CPU."""
    logits = logits.double()
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
