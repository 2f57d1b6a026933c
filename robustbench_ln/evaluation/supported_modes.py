"""Which evaluation modes a network supports, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence

from robustbench_ln.errors import LayoutError, Message, SpecError, by_skin, setting
from robustbench_ln.modes import MODES, Mode, check_mode_names
from robustbench_ln.norms import NormLayer, StatisticsLayout, treat_layer

__all__ = ["choose_modes", "mode_obstacle"]


def mode_obstacle(
    mode: Mode, layers: Sequence[NormLayer], image_shape: tuple[int, int, int]
) -> Message | None:
    """Say why a network cannot be evaluated in a mode; None if it can.

    Args:
        mode: The mode.
        layers: The network's norm layers.
        image_shape: (C, H, W).
    """
    text = _obstacle(mode, layers, image_shape)
    return None if text is None else Message(text)


def _obstacle(
    mode: Mode, layers: Sequence[NormLayer], image_shape: tuple[int, int, int]
) -> str | None:
    kinds = {layer.kind for layer in layers if layer.positions is not None}
    if mode.needs == "local" and "local" not in kinds:
        return f"needs LocalNorm groups, and the network has none; {_way_to_groups(layers)}"
    if mode.needs == "batch" and "local" in kinds:
        return "needs one gamma and beta, and the network has LocalNorm groups; use an ln-* mode"
    if mode.needs == "batch" and "batch" not in kinds:
        return f"needs BatchNorm, and the network has none; use {setting('modes', 'plain')}"
    if mode.layout == "rot90" and image_shape[1] != image_shape[2]:
        height, width = image_shape[1:]
        what = f"images are {height}x{width}; make them square: {setting('crop')}"
        return f"rotates by 90 degrees, and {what}"
    return _layer_obstacle(mode, layers)


def _way_to_groups(layers: Sequence[NormLayer]) -> str:
    if any(layer.class_name in ("BatchNorm2d", "SyncBatchNorm") for layer in layers):
        options = f"{setting('norm', 'local')} {setting('num_groups', 'G')}"
        command = f"ln-bench convert CKPT {options}"
        return f"make them with {by_skin(command_line=command, python='robustbench_ln.convert')}"
    able = (
        "a dbn-* mode"
        if any(layer.kind == "batch" for layer in layers)
        else setting("modes", "plain")
    )
    return f"there is no BatchNorm2d to make them from either; use {able}"


def _layer_obstacle(mode: Mode, layers: Sequence[NormLayer]) -> str | None:
    size = None if mode.layout == "running" else 1 if mode.layout in ("image", "rot90") else 2
    layout = StatisticsLayout(name=mode.layout, set_size=size)
    reached = [layer for layer in layers if layer.positions is not None]
    try:
        treatments = {treat_layer(layer, layout, layer.positions or 1) for layer in reached}
    except LayoutError as error:
        return error.message.marked
    if mode.is_mixed and not all(layer.has_running for layer in reached if layer.kind == "batch"):
        return "mixes in running statistics, and the network has layers without them"
    if mode.layout != "running" and "dynamic" not in treatments:
        return "would change nothing: every norm layer keeps its running statistics"
    return None


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
    obstacles = {name: _obstacle(mode, layers, image_shape) for name, mode in MODES.items()}
    if list(asked) == ["all"]:
        able = [m for name, m in MODES.items() if obstacles[name] is None and not m.is_mixed]
        chosen = [m for m in able if m.name != "plain" or "bn" not in {a.name for a in able}]
        if not chosen:
            raise SpecError(f"no mode fits this network: plain {obstacles['plain']}")
        return tuple(chosen)
    for name in check_mode_names(asked):
        if obstacles[name] is not None:
            raise SpecError(f"{setting('modes', name)}: {obstacles[name]}")
    return tuple(mode for name, mode in MODES.items() if name in asked)
