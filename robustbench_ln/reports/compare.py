"""Two modes, or two networks, on the same images: what `ln-bench compare` measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np

from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.metrics.comparison import (
    CellComparison,
    CurveComparison,
    Pooled,
    compare_curves,
    compare_sides,
)
from robustbench_ln.metrics.units import Units
from robustbench_ln.metrics.verdicts import Verdict, verdict
from robustbench_ln.reports.families import clean_of, group_families, sort_conditions
from robustbench_ln.reports.family import Family
from robustbench_ln.runs.outcomes import check_same_images, read_outcomes
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.spec import Condition

__all__ = ["FamilyPair", "Pair", "compare_modes", "pair_modes"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FamilyPair:
    """A comparison over the conditions of one family.

    Attributes:
        family: Family of the conditions.
        members: The conditions.
        pools: Name -> conditions that are compared together.
        pooled: Name -> their comparison.
        curves: Curves of accuracy against sigma; None where there is no such curve.
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
        first: "A" in tables: what it measured under the conditions of both.
        second: "B", likewise.
        cells: Condition -> comparison, of those that both were measured under.
        families: The same by family; the clean condition is in none.
        units: What intervals and p values rest on.
        left_out: How many conditions only one of them was measured under.
    """

    first: ModeResults
    second: ModeResults
    cells: Mapping[Condition, CellComparison]
    families: Sequence[FamilyPair]
    units: Units
    left_out: int

    @property
    def modes(self) -> tuple[ModeResults, ModeResults]:
        """Return both."""
        return self.first, self.second

    def conditions_of(self, part: FamilyPair | None) -> dict[Condition, str]:
        """Return the clean condition, and those of a family if one is given, with their names."""
        names = {condition: "clean" for condition in self.cells if condition.is_clean}
        if part is not None:
            names |= {c: part.family.condition_name(c) for c in part.members}
        return names

    def verdict(self, condition: Condition) -> Verdict:
        """Return whether A is ahead or behind, by the interval of the cell alone."""
        return verdict(self.cells[condition].difference.interval, self.units.num_units)

    def accuracies(self, conditions: Sequence[Condition]) -> list[float]:
        """Return the mean accuracy of either over some conditions, 0..1."""
        return [fmean(mode.cells[c].accuracy for c in conditions) for mode in self.modes]


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
    sides = [replace(mode, cells={c: mode.cells[c] for c in shared}) for mode in (first, second)]
    one, other = read_outcomes(sides)
    compared = compare_sides(
        one.side(shared), other.side(shared), groups=groups, seed=first.run.seed
    )
    parts = [
        FamilyPair(
            family=family,
            members=members,
            pools=pools[family],
            pooled={name: compared.pooled[f"{family.title}: {name}"] for name in pools[family]},
            curves=_compare_curves(one, other, family.curve(clean_of(shared), members)),
        )
        for family, members in families.items()
    ]
    return Pair(
        first=one,
        second=other,
        cells=dict(zip(shared, compared.cells, strict=True)),
        families=parts,
        units=compared.units,
        left_out=len(set(first.cells) ^ set(second.cells)),
    )


def _compare_curves(
    first: ModeResults, second: ModeResults, points: Sequence[Condition]
) -> CurveComparison | None:
    if not points:
        return None
    sigmas = np.array([condition.severity for condition in points])
    return compare_curves(sigmas, first.side(points), second.side(points))
