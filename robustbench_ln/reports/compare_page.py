"""Two runs side by side on one page: differences, who is ahead where, and on which images."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.reports.blocks import Block, Heading, Paragraph, Picture
from robustbench_ln.reports.compare import FamilyPair, Pair
from robustbench_ln.reports.compare_images import OnlyRight, find_only_right
from robustbench_ln.reports.compare_text import pair_sections
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.figure_style import title_of, wrap_label
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.html_page import Page

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

__all__ = ["compare_page"]

_MOST_NAMED = 60
"""Images of a condition that are named on the page."""
_LINE = 0.17
"""Inches from one condition of a figure to the next."""
_COLOURS = {"ahead": "#0072B2", "behind": "#D55E00", "undecided": "0.45"}


def compare_page(pairs: Sequence[Pair]) -> Page:
    """Return the page of some comparisons."""
    names = dict.fromkeys(name for pair in pairs for name in (pair.first.name, pair.second.name))
    lead = [
        "Two modes or networks on the same images, pair by pair: A was given first, B second. "
        "Differences are A - B in points, with paired 95 % intervals.",
        "This page contains no test images.",
    ]
    blocks = [block for number, pair in enumerate(pairs) for block in _section(pair, number)]
    return Page(f"Comparison of {', '.join(names)}", lead, blocks)


def _section(pair: Pair, number: int) -> list[Block]:
    def picture(part: FamilyPair) -> list[Block]:
        drawing = _drawing(pair, part)
        return [Picture(drawing, f"comparison_{number}{drawing.ending}", "svg")]

    words = (
        "Positions in the data set, from 0, of the images that one side alone gets right; "
        "comparison_images.csv has them all."
    )
    return [
        Heading(2, f"{pair.first.name} (A) and {pair.second.name} (B)"),
        *pair_sections(pair, picture, says_who=True),
        Heading(3, "Images that only one gets right"),
        Paragraph(words),
        _images_grid(pair),
    ]


def _images_grid(pair: Pair) -> Grid:
    rows = [
        (_name(pair, found), f"{len(found.first)}", _listed(found.first), f"{len(found.second)}",
         _listed(found.second))
        for found in find_only_right(pair)
    ]  # fmt: skip
    return Grid(("", "only A", "images", "only B", "images"), tuple(rows))


def _name(pair: Pair, found: OnlyRight) -> str:
    for part in pair.families:
        if found.condition in part.members:
            name = part.family.condition_name(found.condition)
            noise = found.condition.corruption
            return name if name.startswith(noise) else f"{noise}, {name}"
    return "clean"


def _listed(images: NDArray[np.int64]) -> str:
    named = ", ".join(map(str, images[:_MOST_NAMED]))
    more = len(images) - _MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named or "none"


def _drawing(pair: Pair, part: FamilyPair) -> Drawing:
    height = 0.75 + _LINE * (len(part.members) + 1)
    words = f"Difference A - B with its paired 95 % interval: {part.family.title}"
    fill = partial(_fill, pair=pair, part=part)
    return Drawing(f"_{part.family.name}", words, fill, (6.8, height))


def _fill(canvas: Canvas, *, pair: Pair, part: FamilyPair) -> None:
    """Draw a dot for each condition from top to bottom, blue for A ahead, orange for B."""
    axes = canvas.subplots()
    conditions = pair.conditions_of(part)
    for place, condition in enumerate(conditions):
        found = pair.cells[condition].difference
        kind = pair.verdict(condition)
        marker = {"ahead": ">", "behind": "<", "undecided": "o"}[kind]
        if found.interval is not None:
            ends = [100 * end for end in found.interval]
            axes.plot(ends, [place, place], color=_COLOURS[kind], linewidth=1.0)
        axes.plot([100 * found.value], [place], marker, color=_COLOURS[kind], markersize=4)
    axes.axvline(0, color="0.3", linewidth=0.7)
    names = [title_of(name, 40, 1) for name in conditions.values()]
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)
    words = "A - B in points; > A is ahead, < B is ahead, o undecided"
    axes.set_xlabel(wrap_label(words, 6.0))
