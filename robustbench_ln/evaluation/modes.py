"""The evaluation modes: a layout of statistics, and how its logits become predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from robustbench_ln.errors import LayoutError, SpecError
from robustbench_ln.lookup import find_entry
from robustbench_ln.norms import NormLayer, StatisticsLayout, treat_layer
from robustbench_ln.norms.layout import LayoutName

__all__ = ["MODES", "Mode", "check_mode_names", "choose_modes", "mode_obstacle"]

Reduction = Literal["argmax", "pick", "vote"]
Needs = Literal["any", "batch", "local"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One row of the papers' table of evaluation methods.

    Attributes:
        name: As in --modes and in records.
        paper: What the papers call it; "-" where they have no such mode.
        layout: Who shares statistics.
        reduction: "argmax" of the one group; "pick" one group at random, for each image (image,
            rot90) or each set; "vote": plurality over all groups.
        needs: The norm layers without which the mode does not exist.
        is_mixed: Whether running and set statistics are mixed (bn-adapt).
        statistics: What they come from, and the group, in words.
    """

    name: str
    paper: str
    layout: LayoutName
    reduction: Reduction
    needs: Needs
    is_mixed: bool = False
    statistics: str


_ROWS: tuple[tuple[str, str, LayoutName, Reduction, Needs, str], ...] = (
    ("plain", "-", "running", "argmax", "any", "the network's own eval forward"),
    ("bn", "BatchNorm", "running", "argmax", "batch", "statistics of training"),
    ("dbn-batch", "Dynamic BN-Batch", "batch", "argmax", "batch", "B test images"),
    ("dbn-single", "Dynamic BN", "image", "argmax", "batch", "the image alone"),
    ("dbn-single-rot90", "Dynamic BN ROT90", "rot90", "argmax", "batch",
     "the image and its 3 rotations"),
    ("ln-single", "LN-Single", "image", "pick", "local", "the image alone; a random group"),
    ("ln-single-voting", "LN-Single-Vote", "image", "vote", "local",
     "the image alone; plurality of all groups"),
    ("ln-batch", "LN-Batch", "set", "pick", "local", "M test images; a random group a set"),
    ("ln-voting", "LN-Voting", "set", "vote", "local", "M test images; plurality of all groups"),
    ("ln-single-rot90", "LN-Single ROT90", "rot90", "pick", "local",
     "the image and its 3 rotations; a random group"),
    ("ln-single-voting-rot90", "LN-Single-Voting ROT90", "rot90", "vote", "local",
     "the image and its 3 rotations; plurality of all groups"),
    ("bn-adapt", "-", "batch", "argmax", "batch",
     "training and B test images, mixed N0 : B"),
)  # fmt: skip

MODES: Mapping[str, Mode] = MappingProxyType(
    {
        name: Mode(
            name=name,
            paper=paper,
            layout=layout,
            reduction=reduction,
            needs=needs,
            is_mixed=name == "bn-adapt",
            statistics=statistics,
        )
        for name, paper, layout, reduction, needs, statistics in _ROWS
    }
)


def mode_obstacle(
    mode: Mode, layers: Sequence[NormLayer], image_shape: tuple[int, int, int]
) -> str | None:
    """Say why a network cannot be evaluated in a mode; None if it can.

    Args:
        mode: The mode.
        layers: The network's norm layers.
        image_shape: (C, H, W).
    """
    kinds = {layer.kind for layer in layers if layer.positions is not None}
    if mode.needs == "local" and "local" not in kinds:
        return (
            "needs LocalNorm groups, and the network has none; "
            "make them with ln-bench convert CKPT --norm local --groups 8"
        )
    if mode.needs == "batch" and "local" in kinds:
        return "needs one gamma and beta, and the network has LocalNorm groups; use an ln-* mode"
    if mode.needs == "batch" and "batch" not in kinds:
        return "needs BatchNorm, and the network has none; use --modes plain"
    if mode.layout == "rot90" and image_shape[1] != image_shape[2]:
        height, width = image_shape[1:]
        return f"rotates by 90 degrees, and images are {height}x{width}; make them square: --crop"
    return _layer_obstacle(mode, layers)


def _layer_obstacle(mode: Mode, layers: Sequence[NormLayer]) -> str | None:
    size = None if mode.layout == "running" else 1 if mode.layout in ("image", "rot90") else 2
    layout = StatisticsLayout(name=mode.layout, set_size=size)
    reached = [layer for layer in layers if layer.positions is not None]
    try:
        treatments = {treat_layer(layer, layout, layer.positions or 1) for layer in reached}
    except LayoutError as error:
        return str(error)
    if mode.is_mixed and not all(layer.has_running for layer in reached if layer.kind == "batch"):
        return "mixes in running statistics, and the network has layers without them"
    if mode.layout != "running" and "dynamic" not in treatments:
        return "would change nothing: every norm layer keeps its running statistics"
    return None


def check_mode_names(asked: Sequence[str]) -> tuple[str, ...]:
    """Return the names, if each is a mode or the only one is "all".

    Raises:
        SpecError: An unknown mode, or "all" beside others.
    """
    if list(asked) != ["all"]:
        for name in asked:
            if name == "all":
                raise SpecError("--modes all stands alone; or list the modes")
            find_entry(MODES, name, kind="mode", listing="ln-bench list modes")
    return tuple(asked)


def choose_modes(
    asked: Sequence[str], layers: Sequence[NormLayer], image_shape: tuple[int, int, int]
) -> tuple[Mode, ...]:
    """Return the modes to run, in the table's order.

    Args:
        asked: Names, or just "all": every mode that this network supports. "all" leaves out
            bn-adapt, which is asked for by name, and `plain` where it would repeat `bn`.
        layers: The network's norm layers.
        image_shape: (C, H, W).

    Raises:
        SpecError: An unknown mode, or one that this network cannot do; the message says why.
    """
    obstacles = {name: mode_obstacle(mode, layers, image_shape) for name, mode in MODES.items()}
    if list(asked) == ["all"]:
        able = [m for name, m in MODES.items() if obstacles[name] is None and not m.is_mixed]
        chosen = [m for m in able if m.name != "plain" or "bn" not in {a.name for a in able}]
        if not chosen:
            raise SpecError(f"no mode fits this network: plain {obstacles['plain']}")
        return tuple(chosen)
    for name in check_mode_names(asked):
        if obstacles[name] is not None:
            raise SpecError(f"--modes {name}: {obstacles[name]}")
    return tuple(mode for name, mode in MODES.items() if name in asked)
