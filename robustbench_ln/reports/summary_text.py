"""The summary of some runs as a section of a page, as text and as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from robustbench_ln.reports.blocks import Block, Heading, Paragraph, Section, Strong
from robustbench_ln.reports.captions import mean_sentences
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.noise_family import HALF_SIGMA
from robustbench_ln.reports.numbers import (
    MISSING,
    estimate_fields,
    estimate_text,
    fixed,
    percent,
    sigma,
)
from robustbench_ln.reports.report_files import csv_bytes
from robustbench_ln.reports.summary import Baseline, Quantity, SummaryLine
from robustbench_ln.reports.terminal import plain_text
from robustbench_ln.runs.columns import Columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["summary_columns", "summary_frame", "summary_section", "summary_text"]

Lines = Sequence[SummaryLine]


def summary_columns(lines: Lines) -> Columns:
    """Return a row for each number: shares and ratios 0..1, sigmas as they are, inf for never."""
    rows = [
        {
            "label": line.mode.run.label,
            "variant": line.mode.variant,
            "table": line.family.name,
            "quantity": name,
            **estimate_fields("value", quantity.estimate),
            "units": line.units.num_units if line.units else None,
            "repeats": quantity.repeats,
            "repeat_sd": quantity.sd,
        }
        for line in lines
        for name, quantity in line.quantities.items()
    ]
    return Columns.of_rows(rows)


def summary_frame(lines: Lines) -> pd.DataFrame:
    """Return the same for pandas."""
    return summary_columns(lines).frame().astype({"units": "Int64"})


def summary_section(
    lines: Lines, baseline: Baseline | None, remarks: Sequence[str] = ()
) -> Section:
    """Return the section of a report below some remarks; where nothing was whole, these alone."""
    blocks: list[Block] = [Strong(f"{remark}.") for remark in remarks]
    if not lines:
        return Section({}, blocks)
    blocks.append(Heading(2, "Summary"))
    for title, members in _by_title(lines):
        blocks += [Strong(title), _grid(members), Paragraph(_notes(members, baseline))]
    return Section({"summary.csv": csv_bytes(summary_columns(lines))}, blocks)


def summary_text(lines: Lines, baseline: Baseline | None, *, width: int) -> str:
    """Return the same for a terminal, in ASCII."""
    sections = [
        (f"{title}: summary", _grid(members), _notes(members, baseline))
        for title, members in _by_title(lines)
    ]
    return plain_text(sections, width=width)


def _by_title(lines: Lines) -> list[tuple[str, Lines]]:
    found = groupby(lines, key=lambda line: line.family.headline)
    return [(title, list(members)) for title, members in found]


def _grid(lines: Lines) -> Grid:
    quantities = [(n, q) for line in lines for n, q in line.quantities.items()]
    names = list(dict.fromkeys(name for name, _ in quantities))
    repeated = {name for name, quantity in quantities if quantity.sd is not None}
    header = [""]
    for name in names:
        header += [name if name == HALF_SIGMA else f"{name} %"]
        header += ["SD"] if name in repeated else []
    rows = []
    for line in lines:
        most = max(condition.severity for condition in line.members)
        row = [_name(line, lines)]
        for name in names:
            quantity = line.quantities.get(name)
            row.append(_value(name, quantity, most))
            row += [_sd(name, quantity)] if name in repeated else []
        rows.append(tuple(row))
    return Grid(tuple(header), tuple(rows))


def _value(name: str, quantity: Quantity | None, most: float) -> str:
    show = partial(sigma, most=most) if name == HALF_SIGMA else percent
    return estimate_text(quantity and quantity.estimate, show)


def _sd(name: str, quantity: Quantity | None) -> str:
    if quantity is None or quantity.sd is None:
        return MISSING
    return fixed(quantity.sd if name == HALF_SIGMA else 100 * quantity.sd, 2)


def _notes(lines: Lines, baseline: Baseline | None) -> str:
    quantities = [quantity for line in lines for quantity in line.quantities.values()]
    sentences = lines[0].family.explain_numbers(
        {name for line in lines for name in line.quantities},
        {condition for line in lines for condition in line.members},
        None if baseline is None else baseline.name,
    )
    sentences += mean_sentences({_name(line, lines): (line.mode, line.units) for line in lines})
    ends = [e for q in quantities for e in (q.estimate.value, *(q.estimate.interval or ()))]
    if any(map(math.isinf, ends)):
        sentences.append(
            '">": at the largest sigma measured, accuracy is still above half of the clean one.'
        )
    if repeats := {quantity.repeats for quantity in quantities} - {1}:
        sentences.append(
            f"SD: standard deviation over {max(repeats)} seeds (noise, image order, group choice); "
            "no part of the interval."
        )
    return " ".join(sentences)


def _name(line: SummaryLine, lines: Lines) -> str:
    """Return what a line is called; the label is left out where there is only one."""
    has_one_label = len({other.mode.run.label for other in lines}) == 1
    return line.mode.title if has_one_label else line.mode.name
