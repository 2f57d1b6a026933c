"""Two modes, or two networks, on the same images: what `ln-bench compare` measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.metrics.comparison import (
    Comparison,
    CurveComparison,
    Side,
    compare_curves,
    compare_sides,
)
from robustbench_ln.runs.families import (
    Family,
    group_families,
    pool_conditions,
    sort_conditions,
)
from robustbench_ln.runs.outcomes import ModeResults, check_same_images
from robustbench_ln.spec import Condition

__all__ = ["Pair", "compare_modes", "pair_series"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """A comparison of two modes.

    Attributes:
        first: "A" in tables.
        second: "B".
        conditions: Those that both were measured under, in the order of the comparison's cells.
        sides: What either got right.
        comparison: Cell by cell and pooled.
        families: The conditions of each table.
        groups: Family -> name -> its conditions that are pooled, as in `comparison.pooled`.
        curves: Of each noise whose clean cell is there.
        left_out: How many conditions only one of them was measured under.
    """

    first: ModeResults
    second: ModeResults
    conditions: Sequence[Condition]
    sides: tuple[Side, Side]
    comparison: Comparison
    families: Mapping[Family, Sequence[Condition]]
    groups: Mapping[Family, Mapping[str, Sequence[Condition]]]
    curves: Mapping[Family, CurveComparison]
    left_out: int

    def accuracy(self, side: int, conditions: Sequence[Condition]) -> float:
        """Return the mean accuracy of a side (0 or 1) over some conditions, 0..1."""
        rows = [self.conditions.index(condition) for condition in conditions]
        return float(self.sides[side].correct[rows].mean())


def pair_series(
    firsts: Mapping[str, ModeResults], seconds: Mapping[str, ModeResults]
) -> list[tuple[ModeResults, ModeResults]]:
    """Return which mode is compared with which.

    One mode on each side is a pair. Where a side leaves the choice open, modes of the same name are
    pairs; and every mode of one run is compared with the one mode of the other.

    Raises:
        SpecError: Nothing to compare, or a mode with itself.
    """
    if len(firsts) == 1 or len(seconds) == 1:
        pairs = [(a, b) for a in firsts.values() for b in seconds.values()]
    else:
        pairs = [(firsts[name], seconds[name]) for name in firsts if name in seconds]
    others = [(a, b) for a, b in pairs if (a.run.path, a.variant) != (b.run.path, b.variant)]
    if not others:
        raise SpecError(
            f"nothing to compare: {', '.join(firsts)} with {', '.join(seconds)}; name two modes, "
            "as RUN:bn RUN:dbn-batch"
        )
    return others


def compare_modes(first: ModeResults, second: ModeResults) -> Pair:
    """Compare two modes under every condition that both were measured under.

    Raises:
        RecordError: They did not see the same images in the same order, share no condition, or
            their predictions are gone.
    """
    check_same_images(first, second)
    shared = [c for c in sort_conditions(first.records) if c in second.records]
    if not shared:
        raise RecordError(
            f"{first.name} and {second.name} share no condition; evaluate both under the same "
            "noises or corruptions"
        )
    families = group_families(shared)
    groups = {family: pool_conditions(family, members) for family, members in families.items()}
    sides = first.read_side(shared), second.read_side(shared)
    rows = {
        _pooled_name(family, name): [shared.index(c) for c in members]
        for family, named in groups.items()
        for name, members in named.items()
    }
    seed = first.run.seed
    return Pair(
        first=first,
        second=second,
        conditions=shared,
        sides=sides,
        comparison=compare_sides(*sides, groups=rows, seed=seed),
        families=families,
        groups=groups,
        curves={
            family: _compare_curves(shared, [shared[0], *members], sides, seed)
            for family, members in families.items()
            if family.is_noise and shared[0].is_clean
        },
        left_out=len(set(first.records) ^ set(second.records)),
    )


def _pooled_name(family: Family, name: str) -> str:
    return f"{family.title}: {name}"


def _compare_curves(
    shared: Sequence[Condition],
    members: Sequence[Condition],
    sides: tuple[Side, Side],
    seed: int,
) -> CurveComparison:
    rows = [shared.index(condition) for condition in members]
    one, other = (Side(correct=s.correct[rows], set_size=s.set_size) for s in sides)
    sigmas = np.array([condition.severity for condition in members])
    return compare_curves(sigmas, one, other, seed=seed)
