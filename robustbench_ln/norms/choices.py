"""The norms of `--norm`, and one rule that puts any of them in the place of BatchNorm2d."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import nn

from robustbench_ln.errors import LayoutError, listing
from robustbench_ln.lookup import find_entry
from robustbench_ln.norms.deviation import L1Norm2d, LInfNorm2d
from robustbench_ln.norms.ghost import GhostBatchNorm2d
from robustbench_ln.norms.layers import copy_network, layer_kind
from robustbench_ln.norms.local import LocalNorm2d
from robustbench_ln.norms.noisy import NoisyBatchNorm2d
from robustbench_ln.norms.renorm import BatchRenorm2d
from robustbench_ln.norms.replace import Converted, replace_modules
from robustbench_ln.norms.switch import SwitchNorm2d

__all__ = ["NORMS", "Norm", "convert_batchnorm", "replace_norms"]

BatchLayer = nn.BatchNorm2d | nn.SyncBatchNorm

_MOST_CHANNEL_GROUPS = 32
"""Of GroupNorm, the default of its paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """One choice of `--norm`.

    Attributes:
        id: Name in --norm and in a checkpoint's metadata.
        layer: The class that takes BatchNorm2d's place.
        description: Whose statistics it has, and which parameters.
        source: The paper.
        build: (BatchNorm layer, LocalNorm's G) -> a fresh layer of as many channels and the same
            eps; None where the network's own layer stays.
        mark: The entry of a layer's state dict that no other norm has, by which checkpoints are
            recognised; "" where there is none.
    """

    id: str
    layer: type[nn.Module]
    description: str
    source: str
    build: Callable[[BatchLayer, int], nn.Module] | None
    mark: str = ""


def channel_groups(num_features: int) -> int:
    """Return the channel groups of GroupNorm: the largest divisor of C up to 32, and below C.

    A group of one channel would be InstanceNorm: networks of 16 or 32 channels have two in each.

    >>> [channel_groups(num_features) for num_features in (16, 32, 64, 48, 256, 7)]
    [8, 16, 32, 24, 32, 1]
    """
    most = max(1, min(_MOST_CHANNEL_GROUPS, num_features // 2))
    return max(n for n in range(1, most + 1) if num_features % n == 0)


_ENTRIES = (
    Norm(
        id="batch",
        layer=nn.BatchNorm2d,
        description="statistics of the batch; running ones in evaluation",
        source="Ioffe & Szegedy 2015",
        build=None,
    ),
    Norm(
        id="local",
        layer=LocalNorm2d,
        description="statistics, gamma and beta of each of G groups of the batch",
        source="LocalNorm, ICANN 2021",
        build=lambda layer, groups: LocalNorm2d(layer.num_features, groups, eps=layer.eps),
    ),
    Norm(
        id="switch",
        layer=SwitchNorm2d,
        description="a learned mix of instance, layer and batch statistics, the last as for batch",
        source="Luo et al. 2019",
        build=lambda layer, _: SwitchNorm2d(layer.num_features, eps=layer.eps),
        mark="mean_weight",
    ),
    Norm(
        id="group",
        layer=nn.GroupNorm,
        description="statistics of each image over at most 32 groups of two or more channels",
        source="Wu & He 2018",
        build=lambda layer, _: nn.GroupNorm(
            channel_groups(layer.num_features), layer.num_features, eps=layer.eps
        ),
    ),
    Norm(
        id="layer",
        layer=nn.GroupNorm,
        description="statistics of each image over all channels, gamma and beta for each channel",
        source="Ba et al. 2016",
        build=lambda layer, _: nn.GroupNorm(1, layer.num_features, eps=layer.eps),
    ),
    Norm(
        id="instance",
        layer=nn.InstanceNorm2d,
        description="statistics of each image and channel",
        source="Ulyanov et al. 2016",
        build=lambda layer, _: nn.InstanceNorm2d(layer.num_features, eps=layer.eps, affine=True),
    ),
    Norm(
        id="renorm",
        layer=BatchRenorm2d,
        description="as batch, in training corrected towards the running statistics",
        source="Ioffe 2017",
        build=lambda layer, _: BatchRenorm2d(layer.num_features, eps=layer.eps),
        mark="num_steps",
    ),
    Norm(
        id="ghost",
        layer=GhostBatchNorm2d,
        description="as batch, in training the statistics of sets of 16 images",
        source="Hoffer et al. 2017",
        build=lambda layer, _: GhostBatchNorm2d(layer.num_features, eps=layer.eps),
        mark="set_size",
    ),
    Norm(
        id="l1",
        layer=L1Norm2d,
        description="as batch, with the mean absolute deviation for the standard deviation",
        source="Santurkar et al. 2018",
        build=lambda layer, _: L1Norm2d(layer.num_features, eps=layer.eps),
        mark="has_l1_deviation",
    ),
    Norm(
        id="linf",
        layer=LInfNorm2d,
        description="as batch, with the largest deviation for the standard deviation",
        source="Santurkar et al. 2018",
        build=lambda layer, _: LInfNorm2d(layer.num_features, eps=layer.eps),
        mark="has_linf_deviation",
    ),
    Norm(
        id="noisy",
        layer=NoisyBatchNorm2d,
        description="as batch, in training shifted and scaled at random",
        source="Santurkar et al. 2018",
        build=lambda layer, _: NoisyBatchNorm2d(layer.num_features, eps=layer.eps),
        mark="noise_bounds",
    ),
)

NORMS: Mapping[str, Norm] = MappingProxyType({norm.id: norm for norm in _ENTRIES})


def replace_norms(model: nn.Module, norm: str, *, num_groups: int) -> Converted:
    """Return a copy of a network whose BatchNorm2d layers are those of `norm`.

    The rule is by type: every BatchNorm2d and SyncBatchNorm. BatchNorm1d after a Linear layer
    stays, and all stay for "batch". gamma, beta and eps are carried over, for LocalNorm to each
    group; where the norm has running statistics these too, and for Batch Renormalization the
    number of training steps; what is frozen stays so. GroupNorm has 32 groups of channels, or
    the largest divisor of C below that leaves two channels or more in a group.

    Args:
        model: Not changed.
        norm: An id of NORMS.
        num_groups: LocalNorm's G, 1 or more; the other norms do not read it.

    Raises:
        SpecError: No such norm.
        LayoutError: No BatchNorm2d, a subclass of it that does more than normalise, or a network
            that cannot be copied.
    """
    entry = find_entry(NORMS, norm, kind="norm", listed="norms")
    copied = copy_network(model)
    modules = copied.named_modules(remove_duplicate=False)
    layers = {name: module for name, module in modules if isinstance(module, BatchLayer)}
    if not layers:
        others = sorted({type(m).__name__ for m in copied.modules() if layer_kind(m)})
        seen = f", but {', '.join(others)}" if others else ""
        raise LayoutError(
            f"the network has no BatchNorm2d layer{seen}; there is nothing to convert. Use one "
            f"with BatchNorm2d{listing('archs')}"
        )
    build = entry.build
    if build is None:
        return Converted(copied, tuple(layers))
    for name, layer in layers.items():
        if type(layer) not in (nn.BatchNorm2d, nn.SyncBatchNorm):
            raise LayoutError(
                f"'{name}' is a {type(layer).__name__}, which may do more than normalise; "
                "another norm would delete that. Build the network with plain BatchNorm2d"
            )
    # A layer that a network uses in two places stays one layer.
    fresh = {layer: _carry_over(layer, build(layer, num_groups)) for layer in layers.values()}
    replacements = {name: fresh[layer] for name, layer in layers.items()}
    return Converted(replace_modules(copied, replacements), tuple(layers))


def convert_batchnorm(model: nn.Module, num_groups: int) -> Converted:
    """Return a copy whose BatchNorm2d layers are LocalNorm2d: `replace_norms(model, "local")`.

    Every group starts from the layer's own parameters: before training, each group on a set of
    images equals Dynamic BatchNorm on that set.

    Args:
        model: Not changed.
        num_groups: G, 1 or more.

    Raises:
        LayoutError: No BatchNorm2d, or a subclass of it that does more than normalise.
    """
    return replace_norms(model, "local", num_groups=num_groups)


def _carry_over(layer: BatchLayer, fresh: nn.Module) -> nn.Module:
    """Give a fresh layer what a BatchNorm layer has: values, frozen or not, mode and device."""
    values = layer.state_dict(keep_vars=True)
    if "num_batches_tracked" in values:
        values["num_steps"] = values["num_batches_tracked"]
    like = next((value for value in values.values() if value.is_floating_point()), None)
    fresh = fresh.train(layer.training) if like is None else fresh.train(layer.training).to(like)
    with torch.no_grad():
        for name, value in fresh.state_dict(keep_vars=True).items():
            if name in values:
                value.copy_(values[name])  # [C] to [G, C] for LocalNorm
                value.requires_grad_(values[name].requires_grad)
    return fresh
