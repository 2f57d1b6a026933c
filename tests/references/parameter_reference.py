"""Numbers of the papers' networks under each norm, counted from their layers on paper."""

from __future__ import annotations

from typing import NamedTuple


class Layers(NamedTuple):
    """A network without its norms: conv (in, out, kernel side), dense (in, out), all with biases.

    Norms by their channels; `dense_norms` stay BatchNorm.
    """

    convs: list[tuple[int, int, int]]
    dense: list[tuple[int, int]]
    norms: list[int]
    dense_norms: list[int]


def mnist_dnn() -> Layers:
    convs = [(1, 16, 3), (16, 16, 3), (16, 32, 3), (32, 32, 3)]
    return Layers(convs, [(512, 512), (512, 1024), (1024, 10)], [16, 16, 32, 32], [])


def vgg_localnorm() -> Layers:
    widths = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    convs = [(i, o, 3) for i, o in zip([3, *widths], widths, strict=False)]
    return Layers(convs, [(512, 512), (512, 10)], widths, [512])


def resnet32_preact() -> Layers:
    convs, norms = [(3, 16, 3)], []
    width = 16
    for stage in (16, 32, 64):
        for _ in range(5):
            convs += [(width, stage, 3), (stage, stage, 3)]
            norms += [width, stage]
            if width != stage:
                convs += [(width, stage, 1)]
            width = stage
    return Layers(convs, [(64, 10)], [*norms, 64], [])


def count(layers: Layers, norm: str, groups: int) -> tuple[int, int]:
    """Return trainable numbers, and with running means and variances."""
    trainable = sum(i * o * side * side + o for i, o, side in layers.convs)
    trainable += sum(i * o + o for i, o in layers.dense)
    trainable += sum(2 * channels for channels in layers.dense_norms)
    running = sum(2 * channels for channels in layers.dense_norms)
    for channels in layers.norms:
        trainable += 2 * channels * (groups if norm == "local" else 1)
        if norm == "switch":
            trainable += 3 + 3  # weights of the means, weights of the variances
        if norm in ("batch", "switch", "renorm", "ghost", "l1", "linf", "noisy"):
            running += 2 * channels
    return trainable, trainable + running
