"""How modes and networks are drawn: the one place that knows colour, marker and line style of each.

A mode has its colour and marker in every figure, a network its line style. No two modes have the
same colour, nor the same marker and fill, so that black ink and colour-blind eyes tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from robustbench_ln.runs.results import ModeResults

__all__ = [
    "MODE_STYLES", "ModeStyle", "hatch_of", "level_style", "line_of", "mode_colour", "style_mode",
    "styles_of",
]  # fmt: skip


class ModeStyle(NamedTuple):
    """How a mode is drawn.

    Attributes:
        colour: Twelve that stay apart under deuteranopia, protanopia and tritanopia; the seven of
            Okabe and Ito (2008) that white paper shows are among them.
        marker: Shape, as matplotlib calls it.
        size: Size of the marker, in points. Modes that often coincide have unlike sizes, so that
            both are seen: without BatchNorm's statistics of the batch, "plain" is "bn".
        is_filled: Hollow markers are of modes that take one group of several at random.
    """

    colour: str
    marker: str
    size: float
    is_filled: bool = True


MODE_STYLES: Mapping[str, ModeStyle] = MappingProxyType(
    {
        "plain": ModeStyle("#000000", "X", 3.2),
        "bn": ModeStyle("#0072B2", "o", 5.4),
        "bn-adapt": ModeStyle("#8A6FDF", "P", 5.2),
        "dbn-batch": ModeStyle("#D55E00", "s", 4.4),
        "dbn-single": ModeStyle("#994F00", "^", 5.0),
        "dbn-single-rot90": ModeStyle("#5A3A00", "v", 5.0),
        "ln-single": ModeStyle("#E69F00", "p", 4.4, is_filled=False),
        "ln-single-voting": ModeStyle("#882255", "p", 5.2),
        "ln-batch": ModeStyle("#56B4E9", "D", 3.4, is_filled=False),
        "ln-voting": ModeStyle("#009E73", "D", 4.2),
        "ln-single-rot90": ModeStyle("#CC79A7", ">", 4.4, is_filled=False),
        "ln-single-voting-rot90": ModeStyle("#332288", ">", 5.0),
    }
)

_LINES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (7, 1.5, 1, 1.5, 1, 1.5)), (0, (9, 3)))
_HATCHES = ("", "/////", ".....", "xxxxx", "\\\\\\\\\\", "+++++")
_TINT, _PALEST = 0.38, 0.7
"""Share of white in the colour of a mode's second variant, and at most."""
_LEVELS = ("#F7A1B9", "#DB4E96", "#8E0F79", "#33003D")
"""Of at most four sigmas, from the least noise, light, to the most; none of them is a mode's."""
_LEVEL_MARKERS = "o^sD"


def mode_colour(mode: str, variant: int = 0) -> str:
    """Return the colour of a mode; that of its second variant in a figure is paler, and so on."""
    share = min(_TINT * variant, _PALEST)
    colour = MODE_STYLES[mode].colour
    parts = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return "#" + "".join(f"{round(part + share * (255 - part)):02X}" for part in parts)


def style_mode(mode: str, *, variant: int = 0, network: int = 0) -> dict[str, Any]:
    """Return how to plot a mode.

    Args:
        mode: Name of the mode.
        variant: Number among the variants of this mode in the figure: every second one has the
            other fill.
        network: Number of the network in the figure.
    """
    style, colour = MODE_STYLES[mode], mode_colour(mode, variant)
    is_filled = style.is_filled == (variant % 2 == 0)
    return {
        "color": colour,
        "marker": style.marker,
        "markersize": style.size,
        "markerfacecolor": colour if is_filled else "white",
        "markeredgecolor": "white" if is_filled else colour,
        "markeredgewidth": 0.4 if is_filled else 0.9,
        "linestyle": line_of(network),
        "zorder": 10 - style.size,
    }


def styles_of(modes: Sequence[ModeResults]) -> dict[ModeResults, dict[str, Any]]:
    """Return how to plot each mode of a figure."""
    networks = list(dict.fromkeys(mode.run.label for mode in modes))
    variants: dict[str, list[str]] = {}
    for mode in modes:
        known = variants.setdefault(mode.any_record.mode, [])
        if mode.variant not in known:
            known.append(mode.variant)
    return {
        mode: style_mode(
            mode.any_record.mode,
            variant=variants[mode.any_record.mode].index(mode.variant),
            network=networks.index(mode.run.label),
        )
        for mode in modes
    }


def line_of(network: int) -> Any:
    """Return the line style of the `network`-th network of a figure."""
    return _LINES[network % len(_LINES)]


def hatch_of(network: int) -> str:
    """Return what its bars are filled with."""
    return _HATCHES[network % len(_HATCHES)]


def level_style(name: str, names: Sequence[str]) -> dict[str, Any]:
    """Return how to plot one of at most four sigmas: the more noise, the darker."""
    number, last = names.index(name), len(_LEVELS) - 1
    place = last if len(names) == 1 else round(number * last / (len(names) - 1))
    return {
        "color": _LEVELS[place],
        "marker": _LEVEL_MARKERS[place],
        "markersize": 3.6,
        "markeredgecolor": "white",
        "markeredgewidth": 0.3,
    }
