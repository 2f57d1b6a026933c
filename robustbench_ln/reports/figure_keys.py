"""The legend of a figure: modes, networks, and what else is drawn; each once, below all panels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from robustbench_ln.reports.mode_styles import hatch_of, line_of, styles_of
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.texts.safe import one_line, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

__all__ = ["Key", "KeyEntry", "after_network", "bar_entries", "line_entries"]

_LONGEST = 40
_LINE, _LETTER, _SAMPLE = 0.145, 0.05, 0.46
"""Inches: height of a line, width of a letter, width of a sample with its gaps."""


class KeyEntry(NamedTuple):
    """A sample of what is drawn, and its name.

    Attributes:
        name: Name, for people.
        style: Style of a line, or of an area.
        is_area: Whether the sample is an area.
    """

    name: str
    style: Mapping[str, Any]
    is_area: bool = False


class Key(NamedTuple):
    """All entries of a figure of some width in inches."""

    entries: Sequence[KeyEntry]
    inches: float

    @property
    def columns(self) -> int:
        """Number of columns: as many as there is room for."""
        return next(n for n in range(max(len(self.entries), 1), 0, -1) if n == 1 or self._fits(n))

    def _fits(self, columns: int) -> bool:
        lengths = [len(name) for name in self.names]
        parts = np.array_split(lengths, columns)  # as matplotlib does
        longest = [int(max(part)) for part in parts]
        return _SAMPLE * columns + _LETTER * sum(longest) <= self.inches - 0.05

    @property
    def names(self) -> list[str]:
        """One line each. A "_" at the beginning would hide an entry: a space stands before it."""
        return [f" {shorten(one_line(entry.name), _LONGEST)}" for entry in self.entries]

    @property
    def height(self) -> float:
        """Height in inches."""
        return 0.08 + _LINE * math.ceil(len(self.entries) / self.columns)

    def draw_below(self, canvas: Canvas) -> Any:
        """Draw it at the bottom, and return the part of the figure that is above it."""
        inches = canvas.get_figheight()
        parts: Any = canvas.subfigures(2, 1, height_ratios=(inches - self.height, self.height))
        self._draw(parts[1])
        return parts[0]

    def _draw(self, below: Any) -> None:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        handles = [
            Patch(**entry.style) if entry.is_area else Line2D([], [], **entry.style)
            for entry in self.entries
        ]
        below.legend(
            handles, self.names, loc="center", ncols=self.columns, frameon=False,
            fontsize=6.5, handlelength=2.6, columnspacing=1.2, handletextpad=0.4,
        )  # fmt: skip


def after_network(text: str, modes: Iterable[ModeResults]) -> str:
    """Return what stands beside an axis, after the label of a network that stands alone."""
    labels = _networks(modes)
    return text if len(labels) > 1 else f"{shorten(one_line(labels[0]), _LONGEST)}: {text}"


def _networks(modes: Iterable[ModeResults]) -> list[str]:
    return list(dict.fromkeys(mode.run.label for mode in modes))


def line_entries(modes: Sequence[ModeResults], *, has_networks: bool = True) -> list[KeyEntry]:
    """Return each mode of a figure of lines with colour and marker, and each network's line.

    One network needs no entry: `after_network` names it.

    Args:
        modes: Those of the figure.
        has_networks: Whether networks are told apart by their lines.
    """
    styles: dict[str, Mapping[str, Any]] = {}
    for mode, style in styles_of(modes).items():
        line = "-" if has_networks else "none"
        styles.setdefault(mode.title, style | {"linestyle": line, "zorder": 1})
    entries = [KeyEntry(name, style) for name, style in styles.items()]
    networks = _networks(modes)
    if not has_networks or len(networks) == 1:
        return entries
    return entries + [
        KeyEntry(label, {"color": "0.2", "linestyle": line_of(number)})
        for number, label in enumerate(networks)
    ]


def bar_entries(modes: Sequence[ModeResults]) -> list[KeyEntry]:
    """Return each mode of a figure of bars with its colour, and each network's hatch.

    One network needs no entry: `after_network` names it.
    """
    colours: dict[str, str] = {}
    for mode, style in styles_of(modes).items():
        colours.setdefault(mode.title, style["color"])
    entries = [KeyEntry(name, {"facecolor": c}, is_area=True) for name, c in colours.items()]
    networks = _networks(modes)
    if len(networks) == 1:
        return entries
    return entries + [
        KeyEntry(label, {"facecolor": "0.6", "hatch": hatch_of(number), "edgecolor": "white",
                         "linewidth": 0}, is_area=True)
        for number, label in enumerate(networks)
    ]  # fmt: skip
