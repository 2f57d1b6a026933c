"""The networks' forward passes from the specification, as functions of their weights, float64.

Weights are taken in the order in which the layers are applied, never by the package's names.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F


def _norm(x: Tensor, w: Iterator[Tensor]) -> Tensor:
    gamma, beta, mean, var = next(w), next(w), next(w), next(w)
    shape = (1, -1) + (1,) * (x.ndim - 2)
    gamma, beta, mean, var = (v.reshape(shape) for v in (gamma, beta, mean, var))
    return (x - mean) / torch.sqrt(var + 1e-5) * gamma + beta


def _conv(x: Tensor, w: Iterator[Tensor], *, stride: int = 1, padding: int = 1) -> Tensor:
    return F.conv2d(x, next(w), next(w), stride=stride, padding=padding)


def mnist_dnn(x: Tensor, weights: list[Tensor]) -> Tensor:
    w = iter(weights)
    for _ in range(2):
        for _ in range(2):
            x = _norm(torch.relu(_conv(x, w, padding=0)), w)
        x = F.max_pool2d(x, 2)
    x = x.reshape(len(x), -1)
    for _ in range(2):
        x = torch.relu(x @ next(w).T + next(w))
    return x @ next(w).T + next(w)


def vgg(
    x: Tensor, weights: list[Tensor], stage_lengths: tuple[int, ...], dense_norm: bool
) -> Tensor:
    w = iter(weights)
    for length in stage_lengths:
        for _ in range(length):
            x = _norm(torch.relu(_conv(x, w)), w)
        x = F.max_pool2d(x, 2)
    x = torch.relu(x.reshape(len(x), -1) @ next(w).T + next(w))
    if dense_norm:
        x = _norm(x, w)
    return x @ next(w).T + next(w)


def resnet(x: Tensor, weights: list[Tensor], blocks: int) -> Tensor:
    """Post-activation, convolutions without bias, option-A shortcuts."""
    w = iter(weights)

    def conv(x: Tensor, stride: int = 1) -> Tensor:
        return F.conv2d(x, next(w), stride=stride, padding=1)

    x = torch.relu(_norm(conv(x), w))
    for stage in range(3):
        for block in range(blocks):
            halved = stage > 0 and block == 0
            inner = torch.relu(_norm(conv(x, 2 if halved else 1), w))
            inner = _norm(conv(inner), w)
            if halved:
                side = torch.zeros(len(x), x.shape[1] // 2, *inner.shape[-2:], dtype=x.dtype)
                x = torch.cat([side, x[:, :, ::2, ::2], side], dim=1)
            x = torch.relu(x + inner)
    return x.mean(dim=(2, 3)) @ next(w).T + next(w)


def resnet_preact(x: Tensor, weights: list[Tensor], blocks: int) -> Tensor:
    """Norm -> ReLU -> conv twice; a block's projection, where it has one, is its last layer."""
    w = iter(weights)
    x = _conv(x, w)
    for stage in range(3):
        for block in range(blocks):
            halved = stage > 0 and block == 0
            active = torch.relu(_norm(x, w))
            inner = _conv(active, w, stride=2 if halved else 1)
            inner = _conv(torch.relu(_norm(inner, w)), w)
            x = inner + (_conv(active, w, stride=2, padding=0) if halved else x)
    x = torch.relu(_norm(x, w))
    return x.mean(dim=(2, 3)) @ next(w).T + next(w)
