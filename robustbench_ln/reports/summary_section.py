"""The summary of some runs as tables: what each mode comes down to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import fill
from typing import Any, NamedTuple

import pandas as pd

from robustbench_ln.progress import Progress
from robustbench_ln.reports.grids import Grid, to_markdown, to_text
from robustbench_ln.reports.numbers import MISSING, fixed, percent
from robustbench_ln.reports.resampled import resample_errors
from robustbench_ln.reports.summary import (
    AREA,
    HALF_SIGMA,
    MCE,
    MEAN_ERROR,
    RELATIVE_MCE,
    Baseline,
    Quantity,
    summarise_series,
)
from robustbench_ln.runs.families import Family, group_families
from robustbench_ln.runs.outcomes import (
    ModeResults,
    check_same_images,
    read_modes,
    read_repeats,
)
from robustbench_ln.runs.reading import Run

__all__ = ["SummaryLine", "summarise_runs", "summary_frame", "summary_markdown", "summary_text"]

_ORDER = (MEAN_ERROR, MCE, RELATIVE_MCE, AREA, HALF_SIGMA)


class SummaryLine(NamedTuple):
    """One mode of one run under one family of conditions.

    Attributes:
        label: Of the run.
        variant: The mode.
        family: The conditions.
        most: The largest severity or sigma among them.
        is_procedural: Whether frost was procedural.
        quantities: Name -> number.
    """

    label: str
    variant: str
    family: Family
    most: float
    is_procedural: bool
    quantities: dict[str, Quantity]


def summarise_runs(
    runs: Sequence[Run], baseline: Baseline | None, progress: Progress
) -> list[SummaryLine]:
    """Return what every mode of every run comes down to, family by family.

    Raises:
        RecordError: The baseline makes no error, or saw other images; predictions are damaged.
    """
    own = baseline if isinstance(baseline, ModeResults) else None
    lines = []
    for run in runs:
        modes = list(read_modes(run).values())
        if own is not None:
            for series in modes:
                check_same_images(series, own)
        resampled = resample_errors(modes, own, progress)
        for series in modes:
            families = group_families(series.records)
            repeats = read_repeats(run, series.variant)
            summary = summarise_series(series, repeats, baseline, resampled.get(series.variant))
            lines += [
                SummaryLine(
                    run.label,
                    series.variant,
                    family,
                    max(condition.severity for condition in families[family]),
                    any(condition.frost == "procedural" for condition in families[family]),
                    quantities,
                )
                for family, quantities in summary.items()
            ]
    return sorted(lines, key=lambda line: (not line.family.is_noise, line.family.title))


def summary_frame(lines: Sequence[SummaryLine]) -> pd.DataFrame:
    """Return a row for each number: shares and ratios 0..1, sigmas as they are, inf for never."""
    rows: list[dict[str, Any]] = [
        {
            "label": line.label,
            "variant": line.variant,
            "table": line.family.title,
            "quantity": name,
            "value": quantity.value,
            "low": quantity.interval.low if quantity.interval else None,
            "high": quantity.interval.high if quantity.interval else None,
            "repeats": quantity.repeats,
            "repeat_sd": quantity.sd,
        }
        for line in lines
        for name, quantity in line.quantities.items()
    ]
    return pd.DataFrame(rows)


def summary_markdown(lines: Sequence[SummaryLine], baseline: Baseline | None) -> str:
    """Return the section of a Markdown report; "" where nothing was measured whole."""
    parts = ["## Summary\n"]
    for family, members in _by_family(lines).items():
        parts += [f"**{family.title}**\n", to_markdown(_grid(members)), _notes(members, baseline)]
    return "\n".join(parts) + "\n" if lines else ""


def summary_text(lines: Sequence[SummaryLine], baseline: Baseline | None, *, width: int) -> str:
    """Return the same for a terminal, in ASCII."""
    parts = [
        f"{family.title}: summary\n{to_text(_grid(members), width=width)}"
        + fill(_notes(members, baseline), width)
        + "\n"
        for family, members in _by_family(lines).items()
    ]
    return "\n".join(parts).encode("ascii", "replace").decode()


def _by_family(lines: Sequence[SummaryLine]) -> dict[Family, list[SummaryLine]]:
    groups: dict[Family, list[SummaryLine]] = {}
    for line in lines:
        groups.setdefault(line.family, []).append(line)
    return groups


def _grid(lines: Sequence[SummaryLine]) -> Grid:
    names = [name for name in _ORDER if any(name in line.quantities for line in lines)]
    repeated = {n for n in names if any(_has_sd(line.quantities.get(n)) for line in lines)}
    has_one_label = len({line.label for line in lines}) == 1
    header = [""]
    for name in names:
        header += [name if name == HALF_SIGMA else f"{name} %"]
        header += ["SD"] if name in repeated else []
    rows = []
    for line in lines:
        row = [line.variant if has_one_label else f"{line.label} {line.variant}"]
        for name in names:
            quantity = line.quantities.get(name)
            row.append(_value(name, quantity, line.most))
            row += [_sd(name, quantity)] if name in repeated else []
        rows.append(tuple(row))
    return Grid(tuple(header), tuple(rows))


def _has_sd(quantity: Quantity | None) -> bool:
    return quantity is not None and quantity.sd is not None


def _value(name: str, quantity: Quantity | None, most: float) -> str:
    if quantity is None:
        return MISSING

    def show(value: float) -> str:
        if math.isinf(value):
            return f">{most:g}"
        return fixed(value, 2) if name == HALF_SIGMA else percent(value)

    interval = quantity.interval
    detail = "" if interval is None else f" [{show(interval.low)}, {show(interval.high)}]"
    return show(quantity.value) + detail


def _sd(name: str, quantity: Quantity | None) -> str:
    if quantity is None or quantity.sd is None:
        return MISSING
    return fixed(quantity.sd if name == HALF_SIGMA else 100 * quantity.sd, 2)


def _notes(lines: Sequence[SummaryLine], baseline: Baseline | None) -> str:
    names = {name for line in lines for name in line.quantities}
    sentences = []
    if AREA in names:
        sentences.append("Area: mean accuracy over the range of sigma.")
    if MEAN_ERROR in names:
        sentences.append("Mean error: not normalised (CIFAR papers call it mCE).")
    if MCE in names and baseline is not None:
        sentences.append(f"mCE: mean over the 15 of ratios of sums to {baseline.name}.")
    elif MEAN_ERROR in names and baseline is not None:
        sentences.append("mCE needs all five severities of the 15, in the baseline too.")
    if any(line.is_procedural for line in lines):
        sentences.append("Frost is procedural: no photographs, not the published corruption.")
    if any(q.interval for line in lines for q in line.quantities.values()):
        sentences.append("[95 % intervals: bootstrap of whole statistics sets.]")
    else:
        sentences.append("No intervals: no predictions were kept, or all images are one set.")
    repeats = {q.repeats for line in lines for q in line.quantities.values()} - {1}
    if repeats:
        sentences.append(
            f"SD: over {max(repeats)} seeds (draws, order, group picks), apart from the interval."
        )
    return " ".join(sentences)
