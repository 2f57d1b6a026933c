"""What a network is made of, as far as statistics layouts care."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import nn

from robustbench_ln.data.image_set import ImageSet, ImageShape
from robustbench_ln.errors import LayoutError, Message
from robustbench_ln.evaluation.checks import CheckResult, check_probe, make_probe, sample_pixels
from robustbench_ln.evaluation.subject import subject_of
from robustbench_ln.evaluation.supported_modes import mode_obstacle
from robustbench_ln.models.opened import OpenedNetwork
from robustbench_ln.modes import MODES
from robustbench_ln.norms import (
    GroupSpread,
    LocalNorm2d,
    NormLayer,
    ParameterCounts,
    StatisticsLayout,
    count_parameters,
    find_norm_layers,
    group_spread,
    treat_layer,
)
from robustbench_ln.spec import EvaluationSpec

__all__ = ["Inspection", "check_weights", "inspect_network"]

_LAYOUTS = (
    StatisticsLayout.running(),
    StatisticsLayout.set(2),
    StatisticsLayout.image(),
    StatisticsLayout.rot90(),
)


class LayerRow(NamedTuple):
    """One norm layer and what happens to it.

    Attributes:
        layer: The layer.
        running: Under the running layout: "running", "own", or "refused".
        sets: Statistics of sets of test images (batch and set layouts).
        image: Statistics of each image alone.
        rot90: Statistics of each image and its rotations.
        spread: Spread of gamma and beta over its groups; None where there is one.
    """

    layer: NormLayer
    running: str
    sets: str
    image: str
    rot90: str
    spread: GroupSpread | None


class Inspection(NamedTuple):
    """A network, described.

    Attributes:
        parameters: How many it has, without and with running statistics.
        num_groups: Groups of LocalNorm parameters; 1 without.
        rows: Its norm layers.
        spread: Spread of gamma and beta over groups, in all layers; None with one group.
        obstacles: Mode -> why the network cannot be evaluated in it, or None.
    """

    parameters: ParameterCounts
    num_groups: int
    rows: tuple[LayerRow, ...]
    spread: GroupSpread | None
    obstacles: dict[str, Message | None]


def inspect_network(model: nn.Module, image_shape: tuple[int, int, int]) -> Inspection:
    """Describe a network for images of (C, H, W); nothing is evaluated."""
    layers = find_norm_layers(model, image_shape)
    return Inspection(
        parameters=count_parameters(model),
        num_groups=max((layer.num_groups for layer in layers), default=1),
        rows=tuple(_row(model, layer) for layer in layers),
        spread=_spread(model, layers),
        obstacles={name: mode_obstacle(mode, layers, image_shape) for name, mode in MODES.items()},
    )


def check_weights(
    network: OpenedNetwork, shape: ImageShape, images: ImageSet | None = None
) -> tuple[CheckResult, ...]:
    """Return what the checks of network and images say; without images they see noise.

    Args:
        network: Its weights, and what its input is like.
        shape: (H, W, C) of the images.
        images: The test images.
    """
    subject = subject_of(network, shape)
    layers = find_norm_layers(subject.model, shape.as_input)
    pixels = None if images is None else sample_pixels(images, np.arange(len(images)))
    spec = EvaluationSpec(modes=("all",))
    return check_probe(make_probe(subject, layers, spec, pixels=pixels, shape=shape))


def _row(model: nn.Module, layer: NormLayer) -> LayerRow:
    running, sets, image, rot90 = _treatments(layer)
    return LayerRow(layer, running, sets, image, rot90, _spread(model, [layer]))


def _treatments(layer: NormLayer) -> Sequence[str]:
    if layer.positions is None:
        return ["not used"] * len(_LAYOUTS)
    return [_treatment(layer, layout, layer.positions) for layout in _LAYOUTS]


def _treatment(layer: NormLayer, layout: StatisticsLayout, positions: int) -> str:
    try:
        return treat_layer(layer, layout, positions)
    except LayoutError:
        return "refused"


def _spread(model: nn.Module, layers: Sequence[NormLayer]) -> GroupSpread | None:
    modules = [model.get_submodule(layer.name) for layer in layers if layer.num_groups > 1]
    local = [module for module in modules if isinstance(module, LocalNorm2d)]
    return group_spread(local) if local else None
