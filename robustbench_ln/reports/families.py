"""Which conditions belong together: one noise over its sigmas, or the corruptions of one set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from robustbench_ln.corruption_error import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS
from robustbench_ln.spec import Condition

__all__ = ["Family", "family_of", "group_families", "sort_conditions"]


class Family(NamedTuple):
    """What conditions of one table have in common.

    Attributes:
        title: For people: "agn, paper convention, range clip".
        is_noise: Whether it has sigmas; else it has corruptions with severities.
    """

    title: str
    is_noise: bool


def family_of(condition: Condition) -> Family:
    """Return the family of a condition that is not clean."""
    if condition.convention is not None:
        noise = f"{condition.corruption}, {condition.convention} convention"
        return Family(f"{noise}, range {condition.range}", True)
    return Family(f"{condition.severity_table or 'corruptions'}, {condition.origin}", False)


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
