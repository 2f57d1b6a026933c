"""Common corruptions of one set: a row for each, means over the severities and over the 15."""
# ruff: noqa: D102 methods are explained, and take what they take, in `Family`

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, NamedTuple

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
from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.metrics.ratio_bounds import (
    mean_corruption_error_bounds,
    relative_mean_corruption_error_bounds,
)
from robustbench_ln.metrics.student import mean_bounds
from robustbench_ln.metrics.units import Units
from robustbench_ln.reports.captions import names_by_text
from robustbench_ln.reports.family import Family, Floats, Measured, Place, Row
from robustbench_ln.reports.numbers import general
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.spec import Condition

__all__ = [
    "FAMILIES",
    "MCE",
    "MEAN_ERROR",
    "RELATIVE_MCE",
    "CorruptionFamily",
]

MEAN_ERROR = "mean error of the 15"
MCE = "mCE"
RELATIVE_MCE = "relative mCE"

FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    dict[str, tuple[str, ...]](CORRUPTION_FAMILIES.items(), extra=EXTRA_CORRUPTIONS)
)
"""Published families of the 15, and the extra ones, which the registry also counts to families."""

_GROUPS = {name: family for family, names in FAMILIES.items() for name in names} | {"clean": ""}
_PUBLISHED = {"cifar10-c": "CIFAR-10-C", "imagenet-c": "ImageNet-C"}
_MADE_HERE = "corruptions made by ln-bench with the severities of "
_ORDER = ("clean", *BENCHMARK_CORRUPTIONS, MEAN_ROW, *EXTRA_CORRUPTIONS)


@dataclass(frozen=True)
class CorruptionFamily(Family):
    """The corruptions of one severity table and origin."""

    rank: ClassVar[int] = 1
    heading: ClassVar[str] = "corruption"
    has_severities: ClassVar[bool] = True
    references: ClassVar[tuple[str, ...]] = ("hendrycks2019benchmarking",)

    @classmethod
    def of(cls, condition: Condition) -> CorruptionFamily:
        """Return the family of a corruption."""
        severities, origin = condition.severity_table or "corruptions", condition.origin
        table = _PUBLISHED.get(severities, severities)
        title = f"{table} as published" if origin == "official" else f"{_MADE_HERE}{table}"
        return cls(f"{severities}_{origin}", title)

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

    def words(self, table: Table) -> str:
        severities = _severities({place for cells in table.cells.values() for place in cells})
        words, is_one = _severity_words(severities), len(severities) == 1
        return f"accuracy in % at {words}" if is_one else f"accuracy in %, mean over {words}"

    def describe(self, table: Table) -> list[str]:
        missing = _missing_corruptions(table)
        sentences = []
        if len(missing) < len(table.modes):
            sentences.append("The mean of the 15 leaves the extra corruptions out.")
        lacks = {table.names[mode]: [_lack(names)] for mode, names in missing.items()}
        for text, names in names_by_text(lacks).items():
            whose = "" if len(names) == len(table.modes) else f" for {', '.join(names)}"
            sentences.append(f"No mean of the 15{whose}: {text}.")
        return sentences

    def levels_words(self, records: Sequence[Record]) -> str:
        number, levels = len({r.corruption for r in records}), {r.severity for r in records}
        textures = " with procedural textures for frost" * any(
            record.frost == "procedural" for record in records
        )
        shown = ", ".join(map(general, sorted(levels)))
        return f": {number} corruption{'s' * (number > 1)} at severity {shown}{textures}."

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
        measured: Measured,
        baseline: CorruptionErrors | Measured | None,
        units: Units | None,
    ) -> dict[str, Estimate]:
        levels = sorted({condition.severity for condition in members})
        sums = _Sums.of(members, measured)
        if sums is None:
            return {}
        mean, interval = sums.rows.by_corruption.mean() / len(levels), None
        if units is not None and sums.images is not None:
            by_image = sums.images.by_corruption.mean(axis=-1) / len(levels)
            interval = mean_bounds(by_image, units).pick()
        numbers = {MEAN_ERROR: Estimate(float(mean), interval)}
        if isinstance(baseline, CorruptionErrors) and not baseline.is_of(members[0].severity_table):
            return numbers
        base = _Sums.of(members, baseline)
        if base is None or levels != [float(severity) for severity in SEVERITIES]:
            return numbers
        return numbers | _ratios(sums, base, units)

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
    for kind in dict.fromkeys(name.frost for name in parts if name.frost) or [""]:
        of_kind = {n.corruption: part for n, part in parts.items() if n.frost in ("", kind)}
        if set(BENCHMARK_CORRUPTIONS) <= set(of_kind):
            words = " (procedural frost)" if kind == "procedural" else ""
            fifteen = tuple(of_kind[name] for name in BENCHMARK_CORRUPTIONS)
            rows.append(Row(f"{MEAN_ROW}{words}", fifteen, "mean"))
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


class _Sums(NamedTuple):
    """Errors of the 15, summed over the severities, and those of each image where known.

    A published network is no sample of these images: for each of them it is taken as it is.
    """

    rows: ErrorSums
    images: ErrorSums | None

    @classmethod
    def of(
        cls, members: Sequence[Condition], measured: Measured | CorruptionErrors | None
    ) -> _Sums | None:
        """Return the sums; None where one of the cells is missing."""
        if isinstance(measured, Measured):
            rows = _error_sums(members, measured.errors)
            return rows and cls(rows, _error_sums(members, measured.by_image))
        published = None if measured is None else published_sums(measured)
        return published and cls(published, published)


def _error_sums(
    members: Sequence[Condition], errors: Mapping[Condition, float] | Mapping[Condition, Floats]
) -> ErrorSums | None:
    levels = sorted({condition.severity for condition in members})
    places = {(c.corruption, c.severity): errors[c] for c in members if c in errors}
    wanted = [(name, level) for name in BENCHMARK_CORRUPTIONS for level in levels]
    if not set(wanted) <= set(places):
        return None
    cells = np.stack([places[place] for place in wanted], axis=-1)  # [..., 15 x levels]
    by_level = cells.reshape(*cells.shape[:-1], len(BENCHMARK_CORRUPTIONS), len(levels))
    clean = next((np.asarray(errors[c]) for c in errors if c.is_clean), None)
    return ErrorSums(by_level.sum(axis=-1), clean)


_RATIOS = {
    MCE: (mean_corruption_error, mean_corruption_error_bounds),
    RELATIVE_MCE: (relative_mean_corruption_error, relative_mean_corruption_error_bounds),
}


def _ratios(sums: _Sums, base: _Sums, units: Units | None) -> dict[str, Estimate]:
    """Return mCE, and relative mCE where both have clean images."""
    has_clean = sums.rows.clean is not None and base.rows.clean is not None
    numbers = {}
    for name, (ratio, bounds) in _RATIOS.items():
        if name == MCE or has_clean:
            value, interval = float(ratio(sums.rows, base.rows)), None
            if units is not None and sums.images is not None and base.images is not None:
                interval = bounds(sums.images, base.images, units).pick()
            numbers[name] = Estimate(value, interval)
    return numbers
