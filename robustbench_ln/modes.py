"""The evaluation modes: a layout of statistics, and how its logits become predictions.

Who shares statistics depends on the order of the images too: its names are here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from robustbench_ln.errors import SpecError, by_skin, setting
from robustbench_ln.lookup import find_entry, unknown_name

__all__ = [
    "MIXTURES",
    "MODES",
    "LayoutName",
    "Mode",
    "check_mode_names",
    "check_order",
    "concentration_of",
    "describe_order",
]

LayoutName = Literal["running", "batch", "image", "set", "rot90"]
"""Who shares statistics; see `norms.StatisticsLayout`."""

Reduction = Literal["argmax", "pick", "vote"]
Needs = Literal["any", "batch", "local"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One row of the papers' table of evaluation methods.

    Attributes:
        name: Name in --modes and in records.
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

    @property
    def title(self) -> str:
        """What people read: the papers' name, or one like theirs."""
        return _TITLES.get(self.name, self.paper)


_TITLES = {"plain": "Plain", "bn-adapt": "BN-Adapt"}
"""Of the modes that the papers do not have."""

_ROWS: tuple[tuple[str, str, LayoutName, Reduction, Needs, str], ...] = (
    ("plain", "-", "running", "argmax", "any", "the network's own eval forward"),
    ("bn", "BatchNorm", "running", "argmax", "batch", "statistics of training"),
    ("dbn-batch", "Dynamic BN-Batch", "batch", "argmax", "batch", "B test images"),
    ("dbn-single", "Dynamic BN", "image", "argmax", "batch", "the image alone"),
    ("dbn-single-rot90", "Dynamic BN ROT90", "rot90", "argmax", "batch",
     "the image and its 3 rotations"),
    ("ln-single", "LN-Single", "image", "pick", "local", "the image alone; a random group"),
    ("ln-single-voting", "LN-Single-Voting", "image", "vote", "local",
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


def check_mode_names(asked: Sequence[str]) -> tuple[str, ...]:
    """Return the names, if each is a mode or the only one is "all".

    Raises:
        SpecError: An unknown mode, or "all" beside others.
    """
    if list(asked) != ["all"]:
        for name in asked:
            if name == "all":
                raise SpecError(f"{setting('modes', 'all')} stands alone; or list the modes")
            find_entry(MODES, name, kind="mode", listed="modes")
    return tuple(asked)


MIXTURES = ("mixed", "growing")
"""Orders in which each image has a condition of its own; see `evaluation.mixtures`."""

_ORDERS = MappingProxyType(
    {
        "shuffled": "in shuffled order",
        "as-is": "in the order of the files",
        "by-class": "one class after another",
        "mixed": "in shuffled order, each under one of all conditions",
        "growing": "in shuffled order, under conditions of growing severity",
        "dirichlet-A": "as a stream whose mix of classes changes (Dirichlet, concentration {:g})",
    }
)
"""Order -> what is said of the images."""
_DIRICHLET = "dirichlet-"
_MOST_CONCENTRATION = 1_000_000.0


def concentration_of(order: str, *, name: str = "order") -> float | None:
    """Return A of the order dirichlet-A; None for any other.

    Args:
        order: The order.
        name: Setting that it was given by, for messages.

    Raises:
        SpecError: A is not a number above 0, or written otherwise than tables write it.
    """
    if not order.startswith(_DIRICHLET):
        return None
    text = order.removeprefix(_DIRICHLET)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= _MOST_CONCENTRATION or f"{value:g}" != text:
        raise SpecError(
            f"{setting(name, order)}: expected a concentration above 0, at most "
            f"{_MOST_CONCENTRATION:g}, as in dirichlet-0.1"
        )
    return value


def describe_order(name: str) -> str:
    """Return what is said of images in an order.

    >>> describe_order("dirichlet-0.1")
    'as a stream whose mix of classes changes (Dirichlet, concentration 0.1)'
    """
    concentration = concentration_of(name)
    return _ORDERS["dirichlet-A" if concentration else name].format(concentration)


def check_order(order: str, *, name: str = "order") -> None:
    """Demand that an order of the test images exists; see `concentration_of`.

    Raises:
        SpecError: It does not.
    """
    if concentration_of(order, name=name) is None and order not in [*_ORDERS][:-1]:
        kind = by_skin(command_line=setting(name), python=name)
        raise unknown_name(order, [*_ORDERS], kind=kind)
