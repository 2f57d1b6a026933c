"""What mCE is relative to: a published network, a table of errors, or a mode of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, SEVERITIES
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.lookup import unknown_name
from robustbench_ln.metrics.corruption_error import CorruptionErrors
from robustbench_ln.metrics.error_files import BASELINES, find_doubts, read_baseline, read_errors
from robustbench_ln.reports.captions import names_by_text
from robustbench_ln.reports.corruption_family import MCE
from robustbench_ln.reports.families import clean_of, family_of, group_families
from robustbench_ln.reports.family import Family
from robustbench_ln.reports.summary import Baseline, SummaryLine
from robustbench_ln.runs.results import ModeResults, find_modes, split_run
from robustbench_ln.runs.variants import Naming
from robustbench_ln.spec import Condition

__all__ = [
    "check_baseline",
    "choose_baseline",
    "doubts_of",
    "errors_of",
    "severity_tables_of",
    "unused_baseline",
]

MOST_NAMED = 5
"""Corruptions that are named; of more, the number is given."""


def choose_baseline(
    text: str, *, is_percent: bool = False, names: Naming = "papers"
) -> Baseline | None:
    """Return the baseline that --baseline names; None for "none".

    Args:
        text: "none", a published one, FILE.csv, or RUN[:MODE].
        is_percent: Whether the errors of a file are 0..100.
        names: What a mode is called.

    Raises:
        SpecError: No such baseline, or a run of several modes without one named.
        RecordError: The file or run cannot be read.
    """
    if text == "none":
        return None
    if text in BASELINES:
        return read_baseline(text)
    if text.endswith(".csv"):
        return read_errors(Path(text), is_percent=is_percent)
    path, mode = split_run(text)
    if not path.is_dir():
        raise unknown_name(text, ("none", *BASELINES), kind="baseline", listed="baselines")
    found = find_modes(path, mode, names)
    if len(found) > 1:
        first = next(iter(found))
        raise SpecError(
            f"{setting('baseline', text)}: the run has {', '.join(found)}; name one, as "
            f"{path}:{first}"
        )
    return next(iter(found.values()))


def check_baseline(baseline: Baseline | None, severity_tables: Collection[str]) -> None:
    """Demand a published baseline of the benchmark that the corruptions are of.

    Args:
        baseline: What mCE is relative to.
        severity_tables: Severity tables of the corruptions; () where there are none.

    Raises:
        SpecError: It was measured on another benchmark.
    """
    if not isinstance(baseline, CorruptionErrors) or not severity_tables:
        return
    if not any(map(baseline.is_of, severity_tables)):
        fitting = [name for name, b in BASELINES.items() if b.benchmark in severity_tables]
        use = f"use {setting('baseline', fitting[0])}, or " if fitting else ""
        raise SpecError(
            f"{setting('baseline', baseline.name)}: its errors are of {baseline.benchmark}, these "
            f"corruptions of {' and '.join(sorted(severity_tables))}: an mCE across benchmarks has "
            f"no meaning; {use}leave it out"
        )


def doubts_of(baseline: Baseline | None) -> list[str]:
    """Return why a baseline's table may hold something else than errors."""
    if not isinstance(baseline, CorruptionErrors) or baseline.benchmark is not None:
        return []
    return find_doubts(baseline, is_percent=False)


def severity_tables_of(conditions: Iterable[Condition]) -> set[str]:
    """Return the severity tables of some conditions; noises and clean images have none."""
    return {c.severity_table for c in conditions if c.severity_table is not None}


def unused_baseline(
    modes: Sequence[ModeResults], lines: Sequence[SummaryLine], baseline: Baseline | None
) -> list[str]:
    """Return why modes have no mCE although a baseline is given; [] where all have one.

    Args:
        modes: That were measured.
        lines: What they come down to.
        baseline: What mCE is relative to.
    """
    if baseline is None:
        return []
    given = {(line.mode, line.family) for line in lines if MCE in line.quantities}
    lacks = {
        mode.name: [
            _lack(family, members, baseline)
            for family, members in group_families(mode.cells).items()
            if family.has_severities and (mode, family) not in given
        ]
        for mode in modes
    }
    said = names_by_text(lacks)
    if not said and not given:
        said["common corruptions: none were measured"] = []
    return [
        f"no mCE relative to {baseline.name}{' for ' if names else ''}{', '.join(names)}: {reason}"
        for reason, names in said.items()
    ] + _other_classes(modes, lines, baseline)


def _lack(family: Family, members: Sequence[Condition], baseline: Baseline) -> str:
    """Return what keeps a family of conditions from an mCE."""
    table = members[0].severity_table
    if isinstance(baseline, CorruptionErrors) and not baseline.is_of(table):
        return f"{family.name} is another benchmark than {baseline.benchmark}"
    places = {(condition.corruption, condition.severity) for condition in members}
    wanted = [(name, level) for name in BENCHMARK_CORRUPTIONS for level in SEVERITIES]
    missing = [place for place in wanted if place not in places]
    if not missing:
        return f"{baseline.name} lacks some of the 15 corruptions at the five severities"
    names = list(dict.fromkeys(name for name, _ in missing))
    named = ", ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} of the 15"
    return (
        f"{family.name} has {len(wanted) - len(missing)} of the 75 cells of the 15 corruptions at "
        f"five severities (not complete: {named})"
    )


def _other_classes(
    modes: Sequence[ModeResults], lines: Sequence[SummaryLine], baseline: Baseline
) -> list[str]:
    """Return that a published network had another number of classes than these."""
    if not any(MCE in line.quantities for line in lines) or baseline.name not in BASELINES:
        return []
    published = BASELINES[baseline.name].num_classes
    others = sorted({mode.run.num_classes for mode in modes} - {published})
    return [
        f"{baseline.name} tells {published} classes apart, this network {number}: the images are "
        "of another benchmark, and mCE is not comparable with published ones"
        for number in others
    ]


def errors_of(mode: ModeResults) -> CorruptionErrors:
    """Return the errors of a mode under the common corruptions, as a table of errors.

    Raises:
        SpecError: It was measured under several tables of corruptions.
    """
    families = [family for family in group_families(mode.cells) if family.has_severities]
    if len(families) > 1:
        raise SpecError(
            f"{setting('baseline', mode.run.path)}: its corruptions are of several kinds "
            f"({'; '.join(family.name for family in families)}); name a run of one"
        )
    errors = {condition: 1 - cell.accuracy for condition, cell in mode.cells.items()}
    clean = clean_of(errors)
    corruptions = [c for c in errors if not c.is_clean and family_of(c) in families]
    tables = severity_tables_of(corruptions)
    return CorruptionErrors(
        name=mode.name,
        cells={(c.corruption, int(c.severity)): errors[c] for c in corruptions},
        clean=None if clean is None else errors[clean],
        benchmark=next(iter(tables), None),
    )
