"""Two modes, or two networks, on the same images: what `ln-bench compare` measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.metrics.comparison import (
    CellComparison,
    CurveComparison,
    Pooled,
    Side,
    compare_curves,
    compare_sides,
)
from robustbench_ln.reports.families import clean_of, group_families, sort_conditions
from robustbench_ln.reports.tables import Family
from robustbench_ln.runs.results import ModeResults, check_same_images, read_sides
from robustbench_ln.spec import Condition

__all__ = ["FamilyPair", "Pair", "compare_modes", "pair_modes"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FamilyPair:
    """A comparison over the conditions of one family.

    Attributes:
        family: Of the conditions.
        members: The conditions.
        pools: Name -> conditions that are compared together.
        pooled: Name -> their comparison.
        curves: Of accuracy against sigma; None where there is no such curve.
    """

    family: Family
    members: Sequence[Condition]
    pools: Mapping[str, Sequence[Condition]]
    pooled: Mapping[str, Pooled]
    curves: CurveComparison | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """A comparison of two modes.

    Attributes:
        first: "A" in tables.
        second: "B".
        cells: Condition -> comparison, of those that both were measured under.
        sides: What either got right, in the order of `cells`.
        families: The same by family; the clean condition is in none.
        num_units: Units that were resampled.
        left_out: How many conditions only one of them was measured under.
    """

    first: ModeResults
    second: ModeResults
    cells: Mapping[Condition, CellComparison]
    sides: tuple[Side, Side]
    families: Sequence[FamilyPair]
    num_units: int
    left_out: int

    @property
    def num_images(self) -> int:
        """Images that both saw."""
        return int(self.sides[0].correct.shape[1])

    def accuracy(self, side: int, conditions: Sequence[Condition]) -> float:
        """Return the mean accuracy of a side (0 or 1) over some conditions, 0..1."""
        order = list(self.cells)
        rows = [order.index(condition) for condition in conditions]
        return float(self.sides[side].correct[rows].mean())


def pair_modes(
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
    shared = [c for c in sort_conditions(first.cells) if c in second.cells]
    if not shared:
        raise RecordError(
            f"{first.name} and {second.name} share no condition; evaluate both under the same "
            "noises or corruptions"
        )
    families = group_families(shared)
    pools = {family: family.pools(members) for family, members in families.items()}
    groups = {
        f"{family.title}: {name}": [shared.index(condition) for condition in pool]
        for family, named in pools.items()
        for name, pool in named.items()
    }
    one, other = read_sides([(first, shared), (second, shared)])
    compared = compare_sides(one, other, groups=groups, seed=first.run.seed)
    parts = [
        FamilyPair(
            family=family,
            members=members,
            pools=pools[family],
            pooled={name: compared.pooled[f"{family.title}: {name}"] for name in pools[family]},
            curves=_compare_curves(
                shared, family.curve(clean_of(shared), members), (one, other), first.run.seed
            ),
        )
        for family, members in families.items()
    ]
    return Pair(
        first=first,
        second=second,
        cells=dict(zip(shared, compared.cells, strict=True)),
        sides=(one, other),
        families=parts,
        num_units=compared.num_units,
        left_out=len(set(first.cells) ^ set(second.cells)),
    )


def _compare_curves(
    shared: Sequence[Condition],
    points: Sequence[Condition],
    sides: tuple[Side, Side],
    seed: int,
) -> CurveComparison | None:
    if not points:
        return None
    rows = [shared.index(condition) for condition in points]
    one, other = (Side(correct=s.correct[rows], set_size=s.set_size) for s in sides)
    sigmas = np.array([condition.severity for condition in points])
    return compare_curves(sigmas, one, other, seed=seed)
