"""What one pass over the images leaves behind: enough to reduce, re-score and compare.

Rows are in the order of evaluation; sets are consecutive rows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Predictions", "join_predictions", "predict"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """Predictions of G groups for N images.

    Attributes:
        image_index: [N] position in the data set.
        labels: [N] class.
        class_index: [G, N] class with the largest logit; the lowest class where logits are equal.
        top1_probability: [G, N] float32, softmax of that class.
        label_log_probability: [G, N] float32, log softmax of the label.
        class_logit_sum: [G, N] float32, the logit of class_index[g, n] summed over all groups.
        class_mean_probability: [G, N] float32, its softmax averaged over all groups.
    """

    image_index: NDArray[np.int64]
    labels: NDArray[np.int64]
    class_index: NDArray[np.int32]
    top1_probability: NDArray[np.float32]
    label_log_probability: NDArray[np.float32]
    class_logit_sum: NDArray[np.float32]
    class_mean_probability: NDArray[np.float32]

    @property
    def num_groups(self) -> int:
        """G."""
        return len(self.class_index)

    def __len__(self) -> int:
        """Return N."""
        return len(self.labels)


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


def join_predictions(parts: list[Predictions]) -> Predictions:
    """Return consecutive parts as one; the images are the last axis of every array."""
    return Predictions(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts], axis=-1)
            for field in fields(Predictions)
        }
    )
