"""Names and shapes of published checkpoints, written down from the checkpoints' side.

Each function yields (name, shape) of every tensor of a state dict for ten classes, in the file's
order; the batch counters have shape ().
"""

from __future__ import annotations

from collections.abc import Iterator

Named = Iterator[tuple[str, tuple[int, ...]]]


def _conv(name: str, after: int, before: int, size: int, *, bias: bool = False) -> Named:
    yield f"{name}.weight", (after, before, size, size)
    if bias:
        yield f"{name}.bias", (after,)


def _norm(name: str, channels: int) -> Named:
    for tensor in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{tensor}", (channels,)
    yield f"{name}.num_batches_tracked", ()


def _linear(name: str, before: int, after: int = 10) -> Named:
    yield f"{name}.weight", (after, before)
    yield f"{name}.bias", (after,)


def wide_resnet(depth: int, widen: int) -> Named:
    """RobustBench and AugMix."""
    yield from _conv("conv1", 16, 3, 3)
    before = 16
    for stage in (1, 2, 3):
        channels = 8 * 2**stage * widen
        for block in range((depth - 4) // 6):
            name = f"block{stage}.layer.{block}"
            yield from _norm(f"{name}.bn1", before)
            yield from _conv(f"{name}.conv1", channels, before, 3)
            yield from _norm(f"{name}.bn2", channels)
            yield from _conv(f"{name}.conv2", channels, channels, 3)
            if block == 0:
                yield from _conv(f"{name}.convShortcut", channels, before, 1)
            before = channels
    yield from _norm("bn1", before)
    yield from _linear("fc", before)


def resnet18(shortcut: str, head: str) -> Named:
    """pytorch-cifar ("shortcut", "linear") or torchvision ("downsample", "fc")."""
    yield from _conv("conv1", 64, 3, 3)
    yield from _norm("bn1", 64)
    before = 64
    for stage, channels in enumerate((64, 128, 256, 512), start=1):
        for block in (0, 1):
            name = f"layer{stage}.{block}"
            yield from _conv(f"{name}.conv1", channels, before, 3)
            yield from _norm(f"{name}.bn1", channels)
            yield from _conv(f"{name}.conv2", channels, channels, 3)
            yield from _norm(f"{name}.bn2", channels)
            if before != channels:
                yield from _conv(f"{name}.{shortcut}.0", channels, before, 1)
                yield from _norm(f"{name}.{shortcut}.1", channels)
            before = channels
    yield from _linear(head, 512)


def preact_resnet18(*, has_final_norm: bool) -> Named:
    """pytorch-cifar; with the final norm, RobustBench's bn_before_fc."""
    yield from _conv("conv1", 64, 3, 3)
    before = 64
    for stage, channels in enumerate((64, 128, 256, 512), start=1):
        for block in (0, 1):
            name = f"layer{stage}.{block}"
            yield from _norm(f"{name}.bn1", before)
            yield from _conv(f"{name}.conv1", channels, before, 3)
            yield from _norm(f"{name}.bn2", channels)
            yield from _conv(f"{name}.conv2", channels, channels, 3)
            if before != channels:
                yield from _conv(f"{name}.shortcut.0", channels, before, 1)
            before = channels
    if has_final_norm:
        yield from _norm("bn", 512)
    yield from _linear("linear", 512)


def resnext_augmix() -> Named:
    """AugMix: cardinality 4, base width 32."""
    yield from _conv("conv_1_3x3", 64, 3, 3)
    yield from _norm("bn_1", 64)
    before = 64
    for stage, inner in enumerate((128, 256, 512), start=1):
        for block in range(3):
            name = f"stage_{stage}.{block}"
            yield from _conv(f"{name}.conv_reduce", inner, before, 1)
            yield from _norm(f"{name}.bn_reduce", inner)
            yield from _conv(f"{name}.conv_conv", inner, inner // 4, 3)
            yield from _norm(f"{name}.bn", inner)
            yield from _conv(f"{name}.conv_expand", 2 * inner, inner, 1)
            yield from _norm(f"{name}.bn_expand", 2 * inner)
            if block == 0:
                yield from _conv(f"{name}.downsample.0", 2 * inner, before, 1)
                yield from _norm(f"{name}.downsample.1", 2 * inner)
            before = 2 * inner
    yield from _linear("classifier", 1024)


def resnext(cardinality: int, width: int) -> Named:
    """pytorch-cifar."""
    yield from _conv("conv1", 64, 3, 1)
    yield from _norm("bn1", 64)
    before = 64
    for stage in (1, 2, 3):
        inner = cardinality * width * 2 ** (stage - 1)
        for block in range(3):
            name = f"layer{stage}.{block}"
            yield from _conv(f"{name}.conv1", inner, before, 1)
            yield from _norm(f"{name}.bn1", inner)
            yield from _conv(f"{name}.conv2", inner, inner // cardinality, 3)
            yield from _norm(f"{name}.bn2", inner)
            yield from _conv(f"{name}.conv3", 2 * inner, inner, 1)
            yield from _norm(f"{name}.bn3", 2 * inner)
            if block == 0:
                yield from _conv(f"{name}.shortcut.0", 2 * inner, before, 1)
                yield from _norm(f"{name}.shortcut.1", 2 * inner)
            before = 2 * inner
    yield from _linear("linear", before)


def densenet(
    lengths: tuple[int, ...], layer: str, transition: str, final: str, head: str, *, is_bc: bool
) -> Named:
    """Growth 12; `layer` has {block} and {layer}, `transition` has {block} and {kind}."""
    yield from _conv("conv1", 24, 3, 3)
    channels = 24
    for block, length in enumerate(lengths, start=1):
        for index in range(length):
            name = layer.format(block=block, layer=index)
            yield from _norm(f"{name}.bn1", channels)
            if is_bc:
                yield from _conv(f"{name}.conv1", 48, channels, 1)
                yield from _norm(f"{name}.bn2", 48)
                yield from _conv(f"{name}.conv2", 12, 48, 3)
            else:
                yield from _conv(f"{name}.conv1", 12, channels, 3)
            channels += 12
        if block < len(lengths):
            after = channels // 2 if is_bc else channels
            yield from _norm(transition.format(block=block, kind="bn"), channels)
            yield from _conv(transition.format(block=block, kind="conv"), after, channels, 1)
            channels = after
    yield from _norm(final, channels)
    yield from _linear(head, channels)


def allconv() -> Named:
    """AugMix; pools and dropouts take the numbers 9, 10, 20 and 21, activations every third."""
    before = 3
    for index, channels, size in (
        (0, 96, 3), (3, 96, 3), (6, 96, 3), (11, 192, 3), (14, 192, 3), (17, 192, 3),
        (22, 192, 3), (25, 192, 1), (28, 192, 1),
    ):  # fmt: skip
        yield from _conv(f"features.{index}", channels, before, size, bias=True)
        yield from _norm(f"features.{index + 1}", channels)
        before = channels
    yield from _linear("classifier", 192)


def vgg16_bn(*, has_hidden_layers: bool) -> Named:
    """pytorch-cifar-models (with hidden layers) and pytorch-cifar."""
    before = 3
    for index, channels in (
        (0, 64), (3, 64), (7, 128), (10, 128), (14, 256), (17, 256), (20, 256),
        (24, 512), (27, 512), (30, 512), (34, 512), (37, 512), (40, 512),
    ):  # fmt: skip
        yield from _conv(f"features.{index}", channels, before, 3, bias=True)
        yield from _norm(f"features.{index + 1}", channels)
        before = channels
    if has_hidden_layers:
        yield from _linear("classifier.0", 512, 512)
        yield from _linear("classifier.3", 512, 512)
        yield from _linear("classifier.6", 512)
    else:
        yield from _linear("classifier", 512)
