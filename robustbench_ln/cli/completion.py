"""What a shell offers after Tab: names, found without importing torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from robustbench_ln.cli.stored_lists import stored_names
from robustbench_ln.corruption_names import FAMILY_OF, SEVERITY_TABLE_NAMES
from robustbench_ln.files.shipped import SHIPPED_SUITES
from robustbench_ln.modes import MODES

__all__ = ["NAMES", "complete"]

NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "modes": ("all", *MODES),
        "corruptions": (*SEVERITY_TABLE_NAMES, *FAMILY_OF),
        "normalizations": (
            "none",
            "symmetric",
            "raw",
            "imagenet",
            "cifar10",
            "cifar100",
            "mnist",
        ),
        "figures": (
            "all",
            "none",
            "accuracy",
            "clean",
            "images",
            "histogram",
            "confusion",
            "bars",
            "cost",
            "votes",
            "reliability",
            "spread",
            "sweep",
        ),
        "suites": tuple(SHIPPED_SUITES),
        "baselines": (
            "none",
            "alexnet",
            "wrn-40-2",
        ),
    }
)
"""Names by what `ln-bench list` calls them; `stored_lists` has the others. A test compares both
with the registries, of which some import torch and would make Tab take seconds."""


def complete(kind: str) -> Callable[[str], list[str]]:
    """Return what completes an option that takes these names, or a list of them.

    >>> complete("modes")("bn,dbn-s")
    ['bn,dbn-single', 'bn,dbn-single-rot90']
    """

    def names(incomplete: str) -> list[str]:
        done, comma, part = incomplete.rpartition(",")
        known = NAMES[kind] if kind in NAMES else stored_names(kind)
        return [f"{done}{comma}{name}" for name in known if name.startswith(part)]

    return names
