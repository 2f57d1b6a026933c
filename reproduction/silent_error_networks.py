"""Networks for `--model networks.py:NAME`: the public ResNet-20, each with one oddity.

`silent_errors.py` copies this file beside the inputs of a case, and changes it between commands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_ln.models.registry import build_model

SHARPNESS = 1.0


def _odd(forward: Callable[[Any, Tensor], Tensor]) -> nn.Module:
    """Return the network with another forward; the right one is its `plain`."""
    network = build_model("resnet20")
    kind = type(network)
    network.__class__ = type("Odd", (kind,), {"forward": forward, "plain": kind.forward})
    return network


def right() -> nn.Module:
    """Return what the others should be."""
    return _odd(lambda net, images: net.plain(images) * SHARPNESS)


def softmax() -> nn.Module:
    """Return probabilities in the place of logits."""
    return _odd(lambda net, images: net.plain(images).softmax(1))


def dropout_on() -> nn.Module:
    """Draw in evaluation: F.dropout trains by default."""
    return _odd(lambda net, images: net.plain(F.dropout(images, 0.1)))


def batch_mean() -> nn.Module:
    """Centre the images over the batch."""
    return _odd(lambda net, images: net.plain((images - images.mean()) / images.std()))


def trains_itself() -> nn.Module:
    """Call train() in forward."""
    return _odd(lambda net, images: net.train().plain(images))


def times_255() -> nn.Module:
    """Want pixels of 0..255."""
    return _odd(lambda net, images: net.plain(images * 255))


def functional_norm() -> nn.Module:
    """Use the buffers of a norm layer without calling it."""
    network = build_model("resnet20")
    network.get_submodule("bn1").__class__ = _Hidden
    return network


def own_normalization() -> nn.Module:
    """Normalise the input with buffers of its own."""
    network = _odd(lambda net, images: net.plain((images - net.mean) / net.std))
    network.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
    network.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
    return network


class _Hidden(nn.BatchNorm2d):
    """A norm layer whose call nobody sees."""

    def __call__(self, features: Tensor) -> Tensor:
        mean, variance = self.running_mean, self.running_var
        return F.batch_norm(features, mean, variance, self.weight, self.bias, eps=self.eps)
