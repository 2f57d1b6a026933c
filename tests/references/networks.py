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


def _bare_conv(
    x: Tensor, w: Iterator[Tensor], *, stride: int = 1, padding: int = 1, groups: int = 1
) -> Tensor:
    return F.conv2d(x, next(w), stride=stride, padding=padding, groups=groups)


def _dense(x: Tensor, w: Iterator[Tensor]) -> Tensor:
    return x @ next(w).T + next(w)


def wide_resnet(x: Tensor, weights: list[Tensor], blocks: int) -> Tensor:
    """Pre-activation; the first block of every stage has a projection of its activated input."""
    w = iter(weights)
    x = _bare_conv(x, w)
    for stage in range(3):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            active = torch.relu(_norm(x, w))
            inner = _bare_conv(active, w, stride=stride)
            inner = _bare_conv(torch.relu(_norm(inner, w)), w)
            side = _bare_conv(active, w, stride=stride, padding=0) if block == 0 else x
            x = inner + side
    x = torch.relu(_norm(x, w))
    return _dense(x.mean(dim=(2, 3)), w)


def resnet18(x: Tensor, weights: list[Tensor]) -> Tensor:
    """Post-activation; a projection with a norm begins stages 2 to 4."""
    w = iter(weights)
    x = torch.relu(_norm(_bare_conv(x, w), w))
    for stage in range(4):
        for block in range(2):
            halved = stage > 0 and block == 0
            inner = torch.relu(_norm(_bare_conv(x, w, stride=2 if halved else 1), w))
            inner = _norm(_bare_conv(inner, w), w)
            x = torch.relu(
                inner + (_norm(_bare_conv(x, w, stride=2, padding=0), w) if halved else x)
            )
    return _dense(x.mean(dim=(2, 3)), w)


def resnet18_preact(
    x: Tensor, weights: list[Tensor], final_norm: bool = False, raw_shortcut: bool = False
) -> Tensor:
    w = iter(weights)
    x = _bare_conv(x, w)
    for stage in range(4):
        for block in range(2):
            halved = stage > 0 and block == 0
            active = torch.relu(_norm(x, w))
            inner = _bare_conv(active, w, stride=2 if halved else 1)
            inner = _bare_conv(torch.relu(_norm(inner, w)), w)
            if halved:
                x = _bare_conv(x if raw_shortcut else active, w, stride=2, padding=0)
            x = inner + x
    if final_norm:
        x = torch.relu(_norm(x, w))
    return _dense(x.mean(dim=(2, 3)), w)


def resnext29(x: Tensor, weights: list[Tensor], groups: int, stem: int) -> Tensor:
    w = iter(weights)
    x = torch.relu(_norm(_bare_conv(x, w, padding=stem // 2), w))
    for stage in range(3):
        for block in range(3):
            stride = 2 if stage > 0 and block == 0 else 1
            inner = torch.relu(_norm(_bare_conv(x, w, padding=0), w))
            inner = torch.relu(_norm(_bare_conv(inner, w, stride=stride, groups=groups), w))
            inner = _norm(_bare_conv(inner, w, padding=0), w)
            side = _norm(_bare_conv(x, w, stride=stride, padding=0), w) if block == 0 else x
            x = torch.relu(inner + side)
    return _dense(x.mean(dim=(2, 3)), w)


def densenet(
    x: Tensor,
    weights: list[Tensor],
    lengths: tuple[int, ...],
    bottleneck: bool = True,
    new_first: bool = False,
) -> Tensor:
    w = iter(weights)
    x = _bare_conv(x, w)
    for block, length in enumerate(lengths):
        for _ in range(length):
            new = torch.relu(_norm(x, w))
            if bottleneck:
                new = torch.relu(_norm(_bare_conv(new, w, padding=0), w))
            new = _bare_conv(new, w)
            x = torch.cat((new, x) if new_first else (x, new), dim=1)
        if block < len(lengths) - 1:
            x = F.avg_pool2d(_bare_conv(torch.relu(_norm(x, w)), w, padding=0), 2)
    x = torch.relu(_norm(x, w))
    return _dense(x.mean(dim=(2, 3)), w)


def allconv(x: Tensor, weights: list[Tensor]) -> Tensor:
    """The last pool is one 8x8 window at the corner of a 10x10 map."""
    w = iter(weights)
    for index, padding in enumerate((1, 1, 1, 1, 1, 1, 0, 1, 1)):
        x = _norm(_conv(x, w, padding=padding), w)
        x = x / (1 + torch.exp(-1.702 * x))
        if index in (2, 5):
            x = F.max_pool2d(x, 2)
    assert x.shape[2:] == (10, 10)
    return _dense(F.avg_pool2d(x, 8).flatten(1), w)


def vgg16_bn(x: Tensor, weights: list[Tensor], hidden: int) -> Tensor:
    w = iter(weights)
    for length in (2, 2, 3, 3, 3):
        for _ in range(length):
            x = torch.relu(_norm(_conv(x, w), w))
        x = F.max_pool2d(x, 2)
    x = x.flatten(1)
    for _ in range(hidden):
        x = torch.relu(_dense(x, w))
    return _dense(x, w)
