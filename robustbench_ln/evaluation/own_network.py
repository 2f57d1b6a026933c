"""From a network that a Python program has at hand to a network under test."""

from __future__ import annotations

import copy
import hashlib

import torch
from torch import nn

from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.models.architecture import PAPERS_BATCH
from robustbench_ln.norms import LocalNorm2d, NormClasses, count_classes
from robustbench_ln.runs.description import CheckpointDescription
from robustbench_ln.spec import Normalization

__all__ = ["name_own_network", "network_sha256"]


def name_own_network(
    model: nn.Module,
    normalization: Normalization,
    *,
    image_shape: tuple[int, int, int],
    label: str | None = None,
    norm_classes: NormClasses = (),
) -> Subject:
    """Return a network as the subject of a run.

    Args:
        model: Not changed; where it is not in float32, a copy that is takes its place.
        normalization: Normalisation of its input.
        image_shape: (C, H, W) of the images.
        label: What tables call it; None is the name of its class.
        norm_classes: The user's own classes of norm layers.

    Raises:
        LayoutError: It cannot take such images, or does not return logits [N, K].
    """
    values = [*model.parameters(), *model.buffers()]
    if any(v.is_floating_point() and v.dtype != torch.float32 for v in values):
        model = copy.deepcopy(model).float()
    class_name = type(model).__name__
    groups = [m.num_groups for m in model.modules() if isinstance(m, LocalNorm2d)]
    num_groups = max(groups, default=1)
    return Subject(
        model=model,
        num_classes=count_classes(model, image_shape),
        normalization=normalization,
        label=label or class_name,
        checkpoint=CheckpointDescription(
            sha256=network_sha256(model),
            arch=class_name,
            num_parameters=sum(p.numel() for p in model.parameters()),
            num_groups=num_groups,
        ),
        group_size=max(1, PAPERS_BATCH // num_groups),
        norm_classes=norm_classes,
    )


def network_sha256(model: nn.Module) -> str:
    """Return the digest of what a network is made of.

    That is the names, classes and eps of its modules, its parameters and its buffers; options that
    its classes keep elsewhere are not seen.

    >>> network_sha256(nn.ReLU()) == network_sha256(nn.ReLU().eval())
    True
    >>> network_sha256(nn.BatchNorm2d(3)) == network_sha256(nn.BatchNorm2d(3, eps=1e-3))
    False
    """
    digest = hashlib.sha256()
    for name, module in model.named_modules():
        digest.update(
            f"{name} {type(module).__qualname__} {getattr(module, 'eps', None)}\n".encode()
        )
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        plain = value.detach().cpu().contiguous()
        digest.update(f"{name} {plain.dtype} {list(plain.shape)}\n".encode())
        digest.update(plain.view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
