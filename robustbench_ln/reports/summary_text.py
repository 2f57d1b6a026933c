"""The summary of some runs as Markdown, as text and as a frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from textwrap import fill

import pandas as pd

from robustbench_ln.reports.grids import Grid, to_markdown, to_text
from robustbench_ln.reports.markdown import heading, page, paragraph, strong
from robustbench_ln.reports.noise_family import HALF_SIGMA
from robustbench_ln.reports.numbers import MISSING, fixed, percent
from robustbench_ln.reports.summary import Baseline, Quantity, SummaryLine
from robustbench_ln.texts.safe import Markdown

__all__ = ["summary_frame", "summary_markdown", "summary_text"]

Lines = Sequence[SummaryLine]


def summary_frame(lines: Lines) -> pd.DataFrame:
    """Return a row for each number: shares and ratios 0..1, sigmas as they are, inf for never."""
    rows = [
        {
            "label": line.mode.run.label,
            "variant": line.mode.variant,
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


def summary_markdown(lines: Lines, baseline: Baseline | None) -> Markdown:
    """Return the section of a Markdown report; "" where nothing was measured whole."""
    parts = [heading(2, "Summary")]
    for title, members in _by_title(lines):
        notes = paragraph(_notes(members, baseline))
        parts += [strong(title), to_markdown(_grid(members)), notes]
    return page(parts if lines else [])


def summary_text(lines: Lines, baseline: Baseline | None, *, width: int) -> str:
    """Return the same for a terminal, in ASCII."""
    parts = [
        f"{title}: summary\n{to_text(_grid(members), width=width)}"
        f"{fill(_notes(members, baseline), width)}\n"
        for title, members in _by_title(lines)
    ]
    return "\n".join(parts).encode("ascii", "replace").decode()


def _by_title(lines: Lines) -> list[tuple[str, Lines]]:
    return [(title, list(of)) for title, of in groupby(lines, key=lambda line: line.family.title)]


def _grid(lines: Lines) -> Grid:
    quantities = [(n, q) for line in lines for n, q in line.quantities.items()]
    names = list(dict.fromkeys(name for name, _ in quantities))
    repeated = {name for name, quantity in quantities if quantity.sd is not None}
    has_one_label = len({line.mode.run.label for line in lines}) == 1
    header = [""]
    for name in names:
        header += [name if name == HALF_SIGMA else f"{name} %"]
        header += ["SD"] if name in repeated else []
    rows = []
    for line in lines:
        most = max(condition.severity for condition in line.members)
        row = [line.mode.variant if has_one_label else line.mode.name]
        for name in names:
            quantity = line.quantities.get(name)
            row.append(_value(name, quantity, most))
            row += [_sd(name, quantity)] if name in repeated else []
        rows.append(tuple(row))
    return Grid(tuple(header), tuple(rows))


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


def _notes(lines: Lines, baseline: Baseline | None) -> str:
    quantities = [quantity for line in lines for quantity in line.quantities.values()]
    sentences = lines[0].family.explain_numbers(
        {name for line in lines for name in line.quantities},
        {condition for line in lines for condition in line.members},
        None if baseline is None else baseline.name,
    )
    if any(quantity.interval for quantity in quantities):
        sentences.append("[95 % intervals: bootstrap of whole statistics sets.]")
    else:
        sentences.append("No intervals: no predictions were kept, or all images are one set.")
    if repeats := {quantity.repeats for quantity in quantities} - {1}:
        sentences.append(
            f"SD: over {max(repeats)} seeds (draws, order, group picks), apart from the interval."
        )
    return " ".join(sentences)
