"""A table as grids of texts, for Markdown and papers, and as a frame for a CSV file."""

from __future__ import annotations

import math
from collections.abc import Iterable

from robustbench_ln.metrics.intervals import Estimate, Interval
from robustbench_ln.metrics.verdicts import verdict
from robustbench_ln.reports.family import Meaning, Row
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import estimate_fields, estimate_text, number_range
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.columns import Columns

__all__ = ["CLASS_ORDER_MARK", "accuracy_grid", "meaning_texts", "wide_columns"]

CLASS_ORDER_MARK = "*"
"""Behind intervals of statistics sets whose images came class by class."""


def accuracy_grid(table: Table, *, has_meanings: bool = False) -> Grid:
    """Return the rows, and a column of accuracies for each mode: "91.6 [89.8, 93.2]".

    The best of a row is bold where its interval lies above the second best's and both have enough
    units for a verdict. A "*" marks intervals of class-ordered images.

    Args:
        table: The table.
        has_meanings: Whether columns before the accuracies say what each row did to the images.
    """
    estimates = [[table.estimate(row, mode) for mode in table.modes] for row in table.rows]
    marks = [CLASS_ORDER_MARK * mode.is_class_ordered for mode in table.modes]
    sections = [row.section for row in table.rows]
    meanings = table.family.meanings if has_meanings else ()
    before = (table.family.heading, *(meaning.head for meaning in meanings))
    return Grid(
        (*before, *(mode.title for mode in table.modes)),
        tuple(
            (
                row.name,
                *meaning_texts(table, row, meanings),
                *(estimate_text(e, mark=mark) for e, mark in zip(line, marks, strict=True)),
            )
            for row, line in zip(table.rows, estimates, strict=True)
        ),
        groups=table.groups and (*[""] * len(before), *table.groups),
        bold=frozenset(
            (i, len(before) + k)
            for i, line in enumerate(estimates)
            if (k := _clear_best(table, line)) is not None
        ),
        rules=frozenset(i for i in range(1, len(sections)) if sections[i] != sections[i - 1]),
        sections=_group_names(table),
    )


def _group_names(table: Table) -> dict[int, str]:
    """Return the row at which each family of corruptions begins, and its name."""
    groups = [row.group for row in table.rows]
    return {i: g for i, g in enumerate(groups) if g and g != (groups[i - 1] if i else "")}


def meaning_texts(table: Table, row: Row, meanings: Iterable[Meaning]) -> list[str]:
    """Return what a row did to the images: numbers, or spans where its modes differ."""
    return [
        number_range([m.factor * value for value in _meaning(table, row, m.field)], m.decimals)
        for m in meanings
    ]


def wide_columns(table: Table) -> Columns:
    """Return the raw numbers of `accuracy_grid`, with meanings: shares 0..1, a line for each row.

    A meaning is left empty where the modes of a row differ in it (other images, other seed).
    """
    lines = []
    for row in table.rows:
        line: dict[str, object] = {
            table.family.heading: row.name if row.sigma is None else row.sigma
        }
        for meaning in table.family.meanings:
            known = set(_meaning(table, row, meaning.field))
            line[meaning.field] = known.pop() if len(known) == 1 else None
        for mode in table.modes:
            estimate = table.estimate(row, mode)
            fields = estimate_fields("accuracy", estimate or Estimate(math.nan, None))
            if table.has_means:
                has_units = row.is_mean and fields["low"] is not None
                fields["units"] = mode.units.num_units if has_units else None
            line |= {f"{mode.key} {name}": value for name, value in fields.items()}
        lines.append(line)
    return Columns.of_rows(lines)


def _meaning(table: Table, row: Row, field: str) -> list[float]:
    """Return a field of the records of a row's cells; NaN where a record lacks it."""
    cells = [
        cell for mode in table.modes for part in table.parts_of(row, mode) or [] for cell in part
    ]
    values = [getattr(cell.record, field) for cell in cells]
    return [float("nan") if value is None else value for value in values]


def _clear_best(table: Table, line: list[Estimate | None]) -> int | None:
    """Return which estimate's interval decides that it is above all others; None for none."""
    known = [(estimate, k) for k, estimate in enumerate(line) if estimate is not None]
    ranked = sorted(known, key=lambda item: item[0].value, reverse=True)
    if len(ranked) < 2:
        return None
    (first, best), (second, next_best) = ranked[:2]
    modes = table.modes[best], table.modes[next_best]
    if first.interval is None or second.interval is None or any(m.is_class_ordered for m in modes):
        return None
    between = Interval(
        first.interval.low - second.interval.high, first.interval.high - second.interval.low
    )
    num_units = min(mode.units.num_units for mode in modes)
    return best if verdict(between, num_units) == "ahead" else None
