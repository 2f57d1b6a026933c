"""Common corruptions of one set: a row for each, means over the severities and over the 15."""
# ruff: noqa: D102 methods are explained, and take what they take, in `Family`

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from robustbench_ln.corruption_names import (
    BENCHMARK_CORRUPTIONS,
    CORRUPTION_FAMILIES,
    EXTRA_CORRUPTIONS,
    SEVERITIES,
)
from robustbench_ln.metrics.corruption_error import (
    MEAN_ROW,
    CorruptionErrors,
    ErrorSums,
    mean_corruption_error,
    published_sums,
    relative_mean_corruption_error,
)
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import general
from robustbench_ln.reports.table_grids import accuracy_grid
from robustbench_ln.reports.tables import Errors, Family, Floats, Place, Row, Table
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.spec import Condition

__all__ = [
    "FAMILIES",
    "MCE",
    "MEAN_ERROR",
    "RELATIVE_MCE",
    "CorruptionFamily",
    "accuracy_words",
]

MEAN_ERROR = "mean error of the 15"
MCE = "mCE"
RELATIVE_MCE = "relative mCE"

FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    dict[str, tuple[str, ...]](CORRUPTION_FAMILIES.items(), extra=EXTRA_CORRUPTIONS)
)
"""Published families of the 15, and the extra ones, which the registry also counts to families."""

_GROUPS = {name: family for family, names in FAMILIES.items() for name in names} | {"clean": ""}
_ORDER = ("clean", *BENCHMARK_CORRUPTIONS, MEAN_ROW, *EXTRA_CORRUPTIONS)


@dataclass(frozen=True)
class CorruptionFamily(Family):
    """The corruptions of one severity table and origin."""

    rank: ClassVar[int] = 1
    heading: ClassVar[str] = "corruption"
    has_means: ClassVar[bool] = True

    @classmethod
    def of(cls, condition: Condition) -> CorruptionFamily:
        """Return the family of a corruption."""
        severities, origin = condition.severity_table or "corruptions", condition.origin
        return cls(f"{severities}_{origin}", f"{severities}, {origin}")

    def place_of(self, condition: Condition) -> Place:
        return Place(condition.corruption, condition.frost or "", condition.severity)

    def rows(self, columns: Collection[Collection[Place]]) -> list[Row]:
        """Return the clean images, the 15, their mean where a column has it, others.

        Columns whose frost is of unlike kinds have their means in rows of their own.
        """
        places = {place for column in columns for place in column}
        severities = _severities(places)
        names = {place._replace(severity=0.0) for place in places}
        parts = {
            name: tuple(
                name._replace(severity=severity)
                for severity in ([0.0] if name.corruption == "clean" else severities)
            )
            for name in sorted(names, key=_rank)
        }
        rows = [
            Row(n.name, (part,), _section(n.corruption), _GROUPS.get(n.corruption, "other"))
            for n, part in parts.items()
        ]
        means = [row for row in _mean_rows(parts) if any(_has(column, row) for column in columns)]
        split = sum(row.section in ("clean", "benchmark") for row in rows)
        return [*rows[:split], *means, *rows[split:]]

    def describe(self, table: Table) -> list[str]:
        missing = _missing_corruptions(table)
        has_mean = len(missing) < len(table.modes)
        extras = "; the mean of the 15 leaves the extra corruptions out" if has_mean else ""
        sentences = [f"A{accuracy_words(table)[1:]}{extras}."]
        for text in dict.fromkeys(map(_lack, missing.values())):
            names = [table.names[mode] for mode, lack in missing.items() if _lack(lack) == text]
            whose = "" if len(names) == len(table.modes) else f" for {', '.join(names)}"
            sentences.append(f"No mean of the 15{whose}: {text}.")
        return sentences

    def text_words(self, table: Table) -> str:
        return accuracy_words(table)

    def text_grid(self, table: Table) -> Grid:
        return accuracy_grid(table)

    def pools(self, members: Sequence[Condition]) -> dict[str, list[Condition]]:
        """Return each corruption over its severities, and the 15 if measured at the same ones."""
        named: dict[str, list[Condition]] = {}
        for condition in members:
            named.setdefault(condition.corruption, []).append(condition)
        levels = {tuple(c.severity for c in named.get(name, ())) for name in BENCHMARK_CORRUPTIONS}
        if len(levels) == 1 and levels != {()}:
            fifteen = [c for name in BENCHMARK_CORRUPTIONS for c in named[name]]
            is_whole = levels == {tuple(map(float, SEVERITIES))}
            extras = {n: named[n] for n in named if n not in BENCHMARK_CORRUPTIONS}
            severities = next(iter(levels))
            name = MEAN_ROW if is_whole else f"{MEAN_ROW}, {_severity_words(severities)}"
            return {n: named[n] for n in BENCHMARK_CORRUPTIONS} | {name: fifteen} | extras
        return named | ({_mean_name(named): list(members)} if len(named) > 1 else {})

    def numbers(
        self,
        members: Sequence[Condition],
        errors: Errors,
        baseline: CorruptionErrors | Errors | None,
    ) -> dict[str, Floats]:
        levels = sorted({condition.severity for condition in members})
        sums = _error_sums(members, errors, levels)
        if sums is None:
            return {}
        numbers = {MEAN_ERROR: sums.by_corruption.mean(axis=-1) / len(levels)}
        if isinstance(baseline, CorruptionErrors) and not baseline.is_of(members[0].severity_table):
            return numbers
        if baseline is None or levels != [float(severity) for severity in SEVERITIES]:
            return numbers
        if isinstance(baseline, CorruptionErrors):
            base = published_sums(baseline)
        else:
            base = _error_sums(members, baseline, levels)
        if base is None:
            return numbers
        numbers[MCE] = mean_corruption_error(sums, base)
        if sums.clean is not None and base.clean is not None:
            numbers[RELATIVE_MCE] = relative_mean_corruption_error(sums, base)
        return numbers

    def explain_numbers(
        self, names: Collection[str], members: Collection[Condition], baseline: str | None
    ) -> list[str]:
        sentences = ["Mean error: not normalised (CIFAR papers call it mCE)."]
        if MCE in names:
            sentences.append(f"mCE: mean over the 15 of ratios of sums to {baseline}.")
        elif baseline is not None:
            sentences.append("mCE needs all five severities of the 15, in the baseline too.")
        if any(condition.frost == "procedural" for condition in members):
            sentences.append("Frost is procedural: no photographs, not the published corruption.")
        return sentences


def accuracy_words(table: Table) -> str:
    """Return what the numbers are: "accuracy in %, mean over severities 1-5"."""
    severities = _severities({place for cells in table.cells.values() for place in cells})
    words = _severity_words(severities)
    return (
        f"accuracy in % at {words}" if len(severities) == 1 else f"accuracy in %, mean over {words}"
    )


def _mean_name(named: Mapping[str, Sequence[Condition]]) -> str:
    """Return what a mean over some corruptions is over: "mean of fog and snow, severities 1-5"."""
    names = list(named)
    missing = [name for name in BENCHMARK_CORRUPTIONS if name not in named]
    if len(names) <= 3:
        whose = f"{', '.join(names[:-1])} and {names[-1]}"
    elif len(missing) <= 3 and set(names) <= set(BENCHMARK_CORRUPTIONS):
        whose = f"{len(names)} of the 15, without {', '.join(missing)}"
    else:
        whose = f"these {len(names)}"
    levels = {tuple(condition.severity for condition in of) for of in named.values()}
    return f"mean of {whose}, " + (
        _severity_words(next(iter(levels))) if len(levels) == 1 else "unlike severities"
    )


def _severity_words(severities: Sequence[float]) -> str:
    """Return "severity 3", "severities 1-5" or "severities 1, 3"."""
    if len(severities) == 1:
        return f"severity {general(severities[0])}"
    low, high = severities[0], severities[-1]
    if len(severities) > 2 and len(severities) == high - low + 1:
        return f"severities {general(low)}-{general(high)}"
    return f"severities {', '.join(map(general, severities))}"


def _severities(places: Collection[Place]) -> list[float]:
    """Return the severities that means are over: all that the table has."""
    return sorted({place.severity for place in places if place.corruption != "clean"})


def _rank(name: Place) -> tuple[int, str]:
    known = name.corruption in _ORDER
    return (_ORDER.index(name.corruption) if known else len(_ORDER), name.name)


def _section(corruption: str) -> str:
    if corruption in BENCHMARK_CORRUPTIONS:
        return "benchmark"
    return "clean" if corruption == "clean" else "extra"


def _mean_rows(parts: Mapping[Place, tuple[Place, ...]]) -> list[Row]:
    """Return a mean over the 15 for each kind of frost; none where one of them is not there."""
    rows = []
    for frost in [name for name in parts if name.corruption == "frost"]:
        of_kind = {n.corruption: part for n, part in parts.items() if n.frost in ("", frost.frost)}
        if set(BENCHMARK_CORRUPTIONS) <= set(of_kind):
            kind = " (procedural frost)" if frost.frost == "procedural" else ""
            fifteen = tuple(of_kind[name] for name in BENCHMARK_CORRUPTIONS)
            rows.append(Row(f"{MEAN_ROW}{kind}", fifteen, "mean"))
    return rows


def _has(column: Collection[Place], row: Row) -> bool:
    return all(place in column for part in row.parts for place in part)


def _missing_corruptions(table: Table) -> dict[ModeResults, list[str]]:
    """Return what keeps a mode from its mean over the 15: those not measured everywhere."""
    lacking = {}
    for mode, column in table.cells.items():
        whole = {r.parts[0][0].corruption for r in table.rows if _has(column, r)}
        lacking[mode] = [name for name in BENCHMARK_CORRUPTIONS if name not in whole]
    return {mode: names for mode, names in lacking.items() if names}


def _lack(names: Sequence[str]) -> str:
    """Return why there is no mean of the 15."""
    known = len(BENCHMARK_CORRUPTIONS) - len(names)
    if known < len(names):
        return f"{known} of them were measured at every severity"
    return f"{', '.join(names)} not measured at every severity"


def _error_sums(
    members: Sequence[Condition], errors: Errors, levels: Sequence[float]
) -> ErrorSums | None:
    """Return the sums over the severities of the 15; None where one of the cells is missing."""
    places = {(c.corruption, c.severity): errors[c] for c in members if c in errors}
    wanted = [(name, level) for name in BENCHMARK_CORRUPTIONS for level in levels]
    if not set(wanted) <= set(places):
        return None
    cells = np.stack([places[place] for place in wanted], axis=-1)  # [R, 15 x levels]
    by_corruption = cells.reshape(len(cells), len(BENCHMARK_CORRUPTIONS), -1).sum(axis=-1)
    clean = [value for condition, value in errors.items() if condition.is_clean]
    return ErrorSums(by_corruption, clean[0] if clean else None)
