"""Which conditions belong together: one noise over its sigmas, or the corruptions of one set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS, SEVERITIES
from robustbench_ln.metrics.corruption_error import MEAN_ROW
from robustbench_ln.spec import Condition

__all__ = ["Family", "family_of", "group_families", "pool_conditions", "sort_conditions"]


class Family(NamedTuple):
    """What conditions of one table have in common.

    Attributes:
        name: For file names: "agn_paper_clip".
        title: For people: "agn, paper convention, range clip".
        is_noise: Whether it has sigmas; else it has corruptions with severities.
    """

    name: str
    title: str
    is_noise: bool


def family_of(condition: Condition | Any) -> Family:
    """Return the family of a condition, or of a row of `read_frame`, that is not clean."""
    if condition.convention:
        noise, convention, limits = condition.corruption, condition.convention, condition.range
        title = f"{noise}, {convention} convention, range {limits}"
        return Family(f"{noise}_{convention}_{limits}", title, True)
    severities, origin = condition.severity_table or "corruptions", condition.origin
    return Family(f"{severities}_{origin}", f"{severities}, {origin}", False)


def group_families(conditions: Iterable[Condition]) -> dict[Family, list[Condition]]:
    """Return family -> its conditions in the order of tables; the clean one belongs to none."""
    groups: dict[Family, list[Condition]] = {}
    for condition in sort_conditions(conditions):
        if not condition.is_clean:
            groups.setdefault(family_of(condition), []).append(condition)
    return dict(sorted(groups.items(), key=lambda item: (not item[0].is_noise, item[0].title)))


def sort_conditions(conditions: Iterable[Condition]) -> list[Condition]:
    """Return the clean one, noises by name, the 15 corruptions, the extra ones, others."""
    order = {name: rank for rank, name in enumerate((*BENCHMARK_CORRUPTIONS, *EXTRA_CORRUPTIONS))}

    def place(condition: Condition) -> tuple[object, ...]:
        fields = condition.to_json()
        texts = [str(value) for name, value in fields.items() if name != "severity"]
        rank = order.get(condition.corruption, len(order))
        is_noise = condition.convention is not None
        return (not condition.is_clean, not is_noise, rank, *texts, condition.severity)

    return sorted(conditions, key=place)


def pool_conditions(family: Family, members: Sequence[Condition]) -> dict[str, list[Condition]]:
    """Return name -> the conditions that tables take the mean over.

    Of a noise all sigmas. Else each corruption over its severities, and the 15 of the benchmark if
    all were measured at the same severities.
    """
    if family.is_noise:
        return {"mean over sigma": list(members)}
    named: dict[str, list[Condition]] = {}
    for condition in members:
        named.setdefault(condition.corruption, []).append(condition)
    levels = {tuple(c.severity for c in named.get(name, ())) for name in BENCHMARK_CORRUPTIONS}
    if len(levels) == 1 and levels != {()}:
        fifteen = [c for name in BENCHMARK_CORRUPTIONS for c in named[name]]
        is_whole = levels == {tuple(map(float, SEVERITIES))}
        extras = {n: named[n] for n in named if n not in BENCHMARK_CORRUPTIONS}
        name = MEAN_ROW if is_whole else f"{MEAN_ROW}, not every severity"
        return {n: named[n] for n in BENCHMARK_CORRUPTIONS} | {name: fifteen} | extras
    return named | ({"mean": list(members)} if len(named) > 1 else {})
