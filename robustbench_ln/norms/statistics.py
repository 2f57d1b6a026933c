"""A network under a statistics layout: a copy whose norm layers read the layout.

The given network, its parameters, its buffers and its mode are never changed. The copy keeps the
names and classes of all modules; only the `forward` of the norm layers is replaced, on the copy's
instances. Dropout and stochastic depth stay off: nothing is ever put in training mode.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from robustbench_ln.errors import LayoutError, setting
from robustbench_ln.norms.channels_last import to_channels_last
from robustbench_ln.norms.layers import (
    NormClasses,
    NormLayer,
    copy_network,
    find_norm_layers,
    treat_layer,
)
from robustbench_ln.norms.layout import ROTATIONS, StatisticsLayout
from robustbench_ln.norms.local import LocalNorm2d
from robustbench_ln.norms.logits import take_logits
from robustbench_ln.norms.moments import (
    Moments,
    mix_moments,
    normalize_sets,
    row_moments,
    set_moments,
)
from robustbench_ln.norms.own_forward import forward_with_moments, own_forward
from robustbench_ln.norms.running_norm import RunningNorm2d
from robustbench_ln.norms.sliding import Stream
from robustbench_ln.norms.their_code import forward_failed, their_code

__all__ = ["StatisticsModel", "count_groups", "with_statistics"]


@dataclass(slots=True)
class _Current:
    """What the norm layers of one view read."""

    layout: StatisticsLayout
    group: int = 0
    stream: Stream = field(default_factory=Stream)


class StatisticsModel(nn.Module):
    """A network whose norm layers take their statistics as a layout says.

    Attributes:
        layout: Who shares statistics. The images of a set lie side by side in the batch.
        norm_layers: The norm layers that were found.
        num_groups: Groups of LocalNorm parameters to choose from; 1 where none is reached.
        running_layers: Names of BatchNorm layers that keep their running statistics although the
            layout is dynamic, because they see one value a channel.
    """

    def __init__(
        self, network: nn.Module, layout: StatisticsLayout, norm_layers: tuple[NormLayer, ...]
    ) -> None:
        super().__init__()
        self.network = network
        self.layout = layout
        self.norm_layers = norm_layers
        reached = [layer for layer in norm_layers if layer.positions is not None]
        self.num_groups = count_groups(norm_layers)
        self.running_layers = tuple(
            layer.name
            for layer in reached
            if layout.name != "running"
            and treat_layer(layer, layout, layer.positions or 1) == "running"
        )
        self.current = _Current(layout)

    @property
    def remembered(self) -> Mapping[tuple[int, str, int], Moments]:
        """What sliding statistics reach back to; set it to go back to an earlier image, {} first.

        Forward passes add to it where the layout slides.
        """
        return dict(self.current.stream.last)

    @remembered.setter
    def remembered(self, last: Mapping[tuple[int, str, int], Moments]) -> None:
        self.current.stream = Stream(dict(last))

    def forward(self, images: Tensor, *, group: int = 0) -> Tensor:
        """Return logits [N, K].

        Args:
            images: [N, C, H, W]; consecutive images share statistics, `layout.set_size` a set.
                Where sets slide they follow those of the last call; see `remembered`.
            group: Which LocalNorm parameters, 0..num_groups-1.

        Raises:
            LayoutError: N is no multiple of the set size, no such group, or rotations of images
                that are not square, or an output without logits.
        """
        if not 0 <= group < self.num_groups:
            raise LayoutError(f"group {group} does not exist; groups are 0..{self.num_groups - 1}")
        set_size = self.layout.images_together
        if len(images) % set_size:
            raise LayoutError(
                f"{len(images)} images cannot be cut into sets of {set_size}; refill the last set"
            )
        self.current.group = group
        self.current.stream.calls.clear()
        if self.layout.name != "rot90":
            return self._run(images)
        return self._run(_with_rotations(images))[::ROTATIONS]

    def _run(self, images: Tensor) -> Tensor:
        with their_code(forward_failed(images)):
            output = self.network(images)
        return take_logits(output, len(images))


def count_groups(layers: Iterable[NormLayer]) -> int:
    """Return the groups of LocalNorm parameters that images reach; 1 where there are none."""
    reached = (layer for layer in layers if layer.positions is not None)
    return max((layer.num_groups for layer in reached), default=1)


def with_statistics(
    model: nn.Module,
    layout: StatisticsLayout,
    *,
    image_shape: tuple[int, int, int],
    norm_classes: NormClasses = (),
) -> StatisticsModel:
    """Return a copy of `model`, in eval mode, that runs under `layout`.

    Args:
        model: Any network; not changed.
        layout: Who shares statistics.
        image_shape: (C, H, W) of the images.
        norm_classes: Your own classes of norm layers that work as BatchNorm does.

    >>> network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten())
    >>> view = with_statistics(network, StatisticsLayout.image(),
    ...                        image_shape=(3, 8, 8))
    >>> images = torch.linspace(0, 1, 2 * 3 * 8 * 8).view(2, 3, 8, 8)
    >>> torch.allclose(view(images)[:1], view(images[:1]), atol=1e-5)  # each image alone
    True

    Raises:
        LayoutError: The network has no layer that the layout could act on, a layer has no
            statistics under it, or the network cannot be copied (TorchScript).
    """
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise LayoutError(
            "TorchScript networks have fixed norm layers; give the original network instead"
        )
    layers = find_norm_layers(model, image_shape, norm_classes)
    if layout.name != "running" and not any(layer.kind != "fixed" for layer in layers):
        raise LayoutError(
            f"the network has no BatchNorm or LocalNorm layer: layout '{layout.name}' would "
            f"change nothing; use {setting('modes', 'plain')}"
        )
    network = to_channels_last(copy_network(model).eval().requires_grad_(False))
    view = StatisticsModel(network, layout, layers)
    for layer in layers:
        if layer.kind != "fixed":
            module = network.get_submodule(layer.name)
            module.forward = partial(_forward, view.current, layer, module)
    return view


def _forward(current: _Current, layer: NormLayer, module: nn.Module, features: Tensor) -> Tensor:
    layout = current.layout
    if treat_layer(layer, layout, int(features[0, 0].numel())) == "running":
        return own_forward(module, features)
    moments, set_size = _find_moments(current, layer, module, features)
    if layout.prior is not None and layer.has_running:
        running = Moments(module.running_mean, module.running_var)  # type: ignore[arg-type]
        weight = layout.running_weight(set_size)
        moments = mix_moments(running, moments, running_weight=weight)
    if isinstance(module, LocalNorm2d):
        weight, bias = module.weight[current.group], module.bias[current.group]
        return normalize_sets(features, moments, weight=weight, bias=bias, eps=module.eps)
    return forward_with_moments(module, features, moments)


def _find_moments(
    current: _Current, layer: NormLayer, module: nn.Module, features: Tensor
) -> tuple[Moments, Tensor | int]:
    """Return the moments [S, C] of a layer's sets, and how many images each has."""
    layout = current.layout
    if layout.is_sliding:
        assert layout.set_size is not None
        windows = current.stream.merge(
            row_moments(features), group=current.group, layer=layer.name, set_size=layout.set_size
        )
        return windows.moments, windows.sizes
    find = module.set_moments if isinstance(module, RunningNorm2d) else set_moments
    return find(features, layout.rows_per_set), layout.set_size or 1


def _with_rotations(images: Tensor) -> Tensor:
    """Return [4N, C, H, W]: each image followed by its rotations by 90, 180 and 270 degrees."""
    height, width = images.shape[-2:]
    if height != width:
        raise LayoutError(
            f"images are {height}x{width}: rotated by 90 degrees they have another shape; make "
            f"them square with {setting('crop')}"
        )
    turns = [torch.rot90(images, turn, dims=(-2, -1)) for turn in range(ROTATIONS)]
    return torch.stack(turns, dim=1).flatten(0, 1).contiguous(memory_format=torch.channels_last)
