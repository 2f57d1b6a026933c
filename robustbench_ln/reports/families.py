"""Which conditions belong together, and the tables of some runs: one for each family."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from robustbench_ln.corruption_names import FAMILY_OF
from robustbench_ln.reports.corruption_family import CorruptionFamily
from robustbench_ln.reports.family import Family, Place
from robustbench_ln.reports.noise_family import CleanFamily, NoiseFamily
from robustbench_ln.reports.stream_family import StreamFamily
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import Cell, ModeResults, read_results
from robustbench_ln.runs.variants import Naming
from robustbench_ln.spec import Condition

__all__ = [
    "clean_of",
    "family_of",
    "group_families",
    "make_tables",
    "read_tables",
    "sort_conditions",
]

_CLEAN_ALONE = CleanFamily("clean", "clean images")


def family_of(condition: Condition) -> Family:
    """Return the family of a condition that is not clean."""
    if condition.parts is not None:
        return StreamFamily.of(condition)
    if condition.has_sigma:
        return NoiseFamily.of(condition)
    return CorruptionFamily.of(condition)


def group_families(conditions: Iterable[Condition]) -> dict[Family, list[Condition]]:
    """Return family -> its conditions in the order of tables; the clean one belongs to none."""
    groups: dict[Family, list[Condition]] = {}
    for condition in sort_conditions(conditions):
        if not condition.is_clean:
            groups.setdefault(family_of(condition), []).append(condition)
    return {family: groups[family] for family in sorted(groups, key=lambda f: f.order)}


def clean_of(conditions: Iterable[Condition]) -> Condition | None:
    """Return the clean one of some conditions, or None."""
    return next((condition for condition in conditions if condition.is_clean), None)


def sort_conditions(conditions: Iterable[Condition]) -> list[Condition]:
    """Return the clean one, noises by name, the 15 corruptions, the extra ones, others."""
    order = {name: rank for rank, name in enumerate(FAMILY_OF)}

    def place(condition: Condition) -> tuple[object, ...]:
        fields = condition.to_json()
        texts = [str(value) for name, value in fields.items() if name != "severity"]
        rank = order.get(condition.corruption, len(order))
        family_rank = -1 if condition.is_clean else family_of(condition).rank
        return (family_rank, rank, *texts, condition.severity)

    return sorted(conditions, key=place)


def read_tables(
    paths: Sequence[Path], labels: Sequence[str] = (), names: Naming = "papers"
) -> list[Table]:
    """Return the tables of run directories; see `read_runs` for what is refused."""
    return make_tables(read_results(paths, labels, names))


def make_tables(modes: Sequence[ModeResults]) -> list[Table]:
    """Return the tables of some modes, by name. Cells of different families never meet.

    A mode is in a table if something besides its clean cell belongs there. Where a mode has nothing
    but its clean cell there is one more table, "clean", of the clean cells of all modes.
    """
    columns: dict[Family, dict[ModeResults, dict[Place, Cell]]] = {}
    for mode in modes:
        clean = [condition for condition in mode.cells if condition.is_clean]
        for family, members in group_families(mode.cells).items():
            columns.setdefault(family, {})[mode] = _cells(family, mode, [*clean, *members])
    if any(all(condition.is_clean for condition in mode.cells) for mode in modes):
        alone = {mode: [c for c in mode.cells if c.is_clean] for mode in modes}
        columns[_CLEAN_ALONE] = {m: _cells(_CLEAN_ALONE, m, found) for m, found in alone.items()
                                 if found}  # fmt: skip
    return [Table(f, columns[f]) for f in sorted(columns, key=lambda family: family.order)]


def _cells(family: Family, mode: ModeResults, conditions: Sequence[Condition]) -> dict[Place, Cell]:
    return {family.place_of(condition): mode.cells[condition] for condition in conditions}
