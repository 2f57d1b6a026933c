"""The norm layers of a network, and what each layout does to each of them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from robustbench_ln.errors import LayoutError, is_out_of_memory
from robustbench_ln.norms.layout import StatisticsLayout
from robustbench_ln.norms.local import LocalNorm2d
from robustbench_ln.norms.logits import describe_output, take_logits
from robustbench_ln.norms.own_forward import check_own_forward, check_own_layer
from robustbench_ln.norms.running_norm import RunningNorm2d
from robustbench_ln.norms.their_code import their_code

__all__ = [
    "LayerKind",
    "NormClasses",
    "NormLayer",
    "Treatment",
    "copy_network",
    "count_classes",
    "find_norm_layers",
    "layer_kind",
    "run_grey_images",
    "treat_layer",
]

LayerKind = Literal["batch", "local", "fixed"]
"""batch: takes statistics from a layout; local: LocalNorm; fixed: looks at each image alone."""

NormClasses = tuple[type[nn.Module], ...]
"""A user's own classes of norm layers, beside those that are known here."""

Treatment = Literal["running", "dynamic", "own"]

_FIXED_KINDS = (
    nn.GroupNorm,
    nn.LayerNorm,
    nn.RMSNorm,
    nn.LocalResponseNorm,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NormLayer:
    """One norm layer of a network.

    Attributes:
        name: Name in named_modules(); "" where the network itself is the layer.
        class_name: "BatchNorm2d", ...
        kind: What layouts can do with it.
        num_features: Channels, or None where the class does not say.
        num_groups: Groups of LocalNorm parameters; 1 otherwise.
        eps: Its own, never changed.
        has_running: Whether it has running statistics.
        positions: Values of one image and channel that it sees (H x W), or None where the forward
            pass never reached it.
    """

    name: str
    class_name: str
    kind: LayerKind
    num_features: int | None
    num_groups: int
    eps: float
    has_running: bool
    positions: int | None


def layer_kind(module: nn.Module, norm_classes: NormClasses = ()) -> LayerKind | None:
    """Return how layouts see a module; None if it is not a norm layer."""
    if isinstance(module, norm_classes):
        return "batch"
    if isinstance(module, LocalNorm2d):
        return "local"
    if isinstance(module, _BatchNorm | RunningNorm2d) or is_frozen(module):
        return "batch"
    return "fixed" if isinstance(module, _FIXED_KINDS) else None


def is_frozen(module: nn.Module) -> bool:
    """Whether a module is a FrozenBatchNorm2d, torchvision's or a detection library's own."""
    return any(base.__name__ == "FrozenBatchNorm2d" for base in type(module).__mro__)


def has_running(module: nn.Module) -> bool:
    """Whether a module keeps a running mean and variance."""
    return getattr(module, "running_mean", None) is not None


def treat_layer(layer: NormLayer, layout: StatisticsLayout, positions: int) -> Treatment:
    """Decide where a layer's statistics come from.

    One value a channel is no statistics: a BatchNorm that sees a single position (BatchNorm1d
    after a Linear layer, a 1x1 map) keeps its running statistics while one test image makes the
    statistics (image, rot90, or a set of one). So it does where sets slide: a stream begins with
    one image.

    Args:
        layer: The layer.
        layout: Who shares statistics.
        positions: Values of one image and channel, H x W.

    Raises:
        LayoutError: The layer has no statistics to use; the message names it.
    """
    if layer.kind == "fixed":
        return "own"
    if layout.name == "running" or (layout.layers is not None and layer.name not in layout.layers):
        if not layer.has_running:
            raise LayoutError(
                f"'{layer.name}' ({layer.class_name}) has no running statistics, so that the "
                "network's own eval forward depends on which images share a batch; "
                f"use {'an ln-*' if layer.kind == 'local' else 'a dbn-*'} mode"
            )
        return "running"
    if positions > 1 or not (layout.is_single or layout.images_together == 1):
        return "dynamic"
    if layer.kind == "batch" and layer.has_running:
        return "running"
    raise LayoutError(
        f"'{layer.name}' ({layer.class_name}) sees one value for each image and channel: a single "
        "image has no statistics there. Use larger images, or a mode with sets of images"
    )


def copy_network(model: nn.Module) -> nn.Module:
    """Return a copy that shares nothing with `model`.

    Raises:
        LayoutError: It holds something that has no copy.
    """
    try:
        return copy.deepcopy(model)
    except (RuntimeError, TypeError) as error:
        if is_out_of_memory(error):
            raise
        raise LayoutError(
            f"the network cannot be copied: {str(error).splitlines()[0]}; weight_norm and "
            "spectral_norm can be where they are those of torch.nn.utils.parametrizations"
        ) from error


def find_norm_layers(
    model: nn.Module, image_shape: tuple[int, int, int], norm_classes: NormClasses = ()
) -> tuple[NormLayer, ...]:
    """List the norm layers of a network, in the order of named_modules().

    One grey image goes through a copy in eval mode, to see how many positions each layer has.

    Args:
        model: Not changed.
        image_shape: (C, H, W) of the network's input.
        norm_classes: Your own classes of norm layers that work as BatchNorm does: from the buffers
            running_mean and running_var and from eps. That is checked.

    Raises:
        LayoutError: The network cannot be copied or cannot take such an image, its LocalNorm
            layers have different numbers of groups, or a layer of `norm_classes` works in another
            way.
    """
    probe = copy_network(model).eval()
    positions: dict[str, int] = {}
    for name, module in probe.named_modules():
        if layer_kind(module, norm_classes) is None:
            continue
        module.register_forward_pre_hook(_note_positions(positions, name))
        if isinstance(module, norm_classes):
            check_own_layer(name, module)
            module.register_forward_hook(check_own_forward(name))
    run_grey_images(probe, image_shape)
    return tuple(
        _describe(name, module, kind, positions.get(name))
        for name, module in model.named_modules()
        if (kind := layer_kind(module, norm_classes)) is not None
    )


def count_classes(model: nn.Module, image_shape: tuple[int, int, int]) -> int:
    """Return K of the logits [N, K] that a network gives for images of (C, H, W).

    Raises:
        LayoutError: The network cannot take such images, or gives something else.
    """
    output, num_images = run_grey_images(copy_network(model).eval(), image_shape)
    logits = take_logits(output, num_images)
    if logits.ndim != 2:
        raise LayoutError(
            f"the network returns {describe_output(logits)}; expected logits [N, classes]"
        )
    return logits.shape[1]


def run_grey_images(network: nn.Module, image_shape: tuple[int, int, int]) -> tuple[Any, int]:
    """Return what a network gives for a few grey images, and how many they are."""
    # LocalNorm cuts the batch into groups, a layer without running statistics needs more than one.
    groups = sorted({m.num_groups for m in network.modules() if isinstance(m, LocalNorm2d)})
    if len(groups) > 1:
        raise LayoutError(
            f"LocalNorm2d layers have {' and '.join(map(str, groups))} groups; group k is one "
            "choice for the whole network: give all layers the same number"
        )
    images = torch.full((max(groups, default=2), *image_shape), 0.5)
    parameter = next(network.parameters(), None)
    if parameter is not None:
        images = images.to(parameter)
    channels, height, width = image_shape
    what = f"the network cannot take images of {height}x{width} with {channels} channels"
    with their_code(what), torch.inference_mode():
        return network(images), len(images)


def _note_positions(positions: dict[str, int], name: str) -> Any:
    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        del module
        seen = int(inputs[0][0, 0].numel()) if inputs[0].ndim >= 2 else 1
        positions[name] = min(seen, positions.get(name, seen))

    return note


def _describe(name: str, module: nn.Module, kind: LayerKind, positions: int | None) -> NormLayer:
    features = getattr(module, "num_features", getattr(module, "num_channels", None))
    weight = getattr(module, "weight", None)
    if features is None and isinstance(weight, Tensor):
        features = weight.shape[-1]
    return NormLayer(
        name=name,
        class_name=type(module).__name__,
        kind=kind,
        num_features=features,
        num_groups=module.num_groups if isinstance(module, LocalNorm2d) else 1,
        eps=float(getattr(module, "eps", None) or 0.0),
        has_running=kind == "batch" and has_running(module),
        positions=positions,
    )
