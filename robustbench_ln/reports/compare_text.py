"""A comparison as tables and sentences, for terminals, pages and CSV files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import pandas as pd

from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.metrics.units import MIN_UNITS
from robustbench_ln.metrics.verdicts import lack_sentence, units_sentence
from robustbench_ln.reports.blocks import Block, Code, Heading, Paragraph
from robustbench_ln.reports.captions import CLASS_ORDER
from robustbench_ln.reports.compare import FamilyPair, Pair
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import (
    estimate_fields,
    estimate_text,
    general,
    percent,
    sigma,
    signed_percent,
)
from robustbench_ln.reports.terminal import Part, plain_text
from robustbench_ln.spec import Condition
from robustbench_ln.texts.safe import one_line

__all__ = ["cells_frame", "pair_sections", "pair_text", "pairs_blocks", "summary_frame"]

_SIGNIFICANT = 0.05
_ACCURACIES = ("first_accuracy", "second_accuracy")


def pair_text(pair: Pair, *, width: int) -> str:
    """Return the comparison for a terminal: a table for each noise or set of corruptions."""
    sections: list[Sequence[Part]] = [[_head(pair)]]
    for part in pair.families:
        sections += [[part.family.headline, _short_grid(pair, part)], _curve_sentences(part)]
    if not pair.families:
        sections.append([_cell_grid(pair)])
    return plain_text([*sections, _sentences(pair)], width=width).rstrip("\n")


def pairs_blocks(pairs: Iterable[Pair]) -> list[Block]:
    """Return the comparisons with every cell, as a page."""
    blocks: list[Block] = [Heading(1, "Comparison")]
    for pair in pairs:
        title = Heading(2, f"{pair.first.name} (A) and {pair.second.name} (B)")
        blocks += [title, *pair_sections(pair)]
    return blocks


def pair_sections(
    pair: Pair, above: Callable[[FamilyPair], list[Block]] = lambda _: [], *, says_who: bool = False
) -> list[Block]:
    """Return a comparison with every cell, family by family, and what its numbers rest on.

    Args:
        pair: The comparison.
        above: What stands above the tables of a family.
        says_who: Whether tables of cells have a column that says who is ahead.
    """
    parts: list[Block] = []
    for part in pair.families:
        parts += [Heading(3, part.family.headline), *above(part)]
        if part.family.has_severities:
            parts.append(_short_grid(pair, part))
        parts.append(_cell_grid(pair, part, says_who=says_who))
        parts += map(Paragraph, _curve_sentences(part))
    if not pair.families:
        parts.append(_cell_grid(pair, says_who=says_who))
    return [*parts, *map(Paragraph, _sentences(pair))]


def cells_frame(pairs: Iterable[Pair]) -> pd.DataFrame:
    """Return a row for each cell of some comparisons: shares 0..1."""
    rows = [
        {"first": pair.first.key, "second": pair.second.key}
        | condition.to_json()
        | {
            "total": pair.units.num_images,
            **dict(zip(_ACCURACIES, pair.accuracies([condition]), strict=True)),
        }
        | estimate_fields("difference", cell.difference)
        | cell.discordance._asdict()
        | {
            "test": cell.test,
            "p_value": cell.p_value,
            "holm_p_value": cell.adjusted_p_value,
            "units": pair.units.num_units,
        }
        for pair in pairs
        for condition, cell in pair.cells.items()
    ]
    return pd.DataFrame(rows)


def summary_frame(pairs: Iterable[Pair]) -> pd.DataFrame:
    """Return a row for each pooled difference and each number that sums up a curve."""
    rows: list[dict[str, Any]] = [
        {"first": pair.first.key, "second": pair.second.key, "table": part.family.name}
        | {"quantity": quantity}
        | estimate_fields("value", estimate)
        | {"p_value": p_value, "units": pair.units.num_units}
        for pair in pairs
        for part in pair.families
        for quantity, estimate, p_value in _quantities(part)
    ]
    return pd.DataFrame(rows)


def _quantities(part: FamilyPair) -> list[tuple[str, Estimate, float | None]]:
    rows: list[tuple[str, Estimate, float | None]] = [
        (f"difference, {name}", pooled.difference, pooled.p_value)
        for name, pooled in part.pooled.items()
    ]
    curves = part.curves
    if curves is not None:
        rows += [
            ("area under the curve of A", curves.areas[0], None),
            ("area under the curve of B", curves.areas[1], None),
            ("area, A - B", curves.area_difference, None),
            ("sigma at half of the clean accuracy, A", curves.half_sigmas[0], None),
            ("sigma at half of the clean accuracy, B", curves.half_sigmas[1], None),
            ("break-even sigma", curves.break_even, None),
        ]
    return rows


def _head(pair: Pair) -> Code:
    limit = "" if pair.first.any_record.limit is None else " (LIMITED)"
    has_intervals = pair.units.num_units >= MIN_UNITS
    intervals = " with its 95 % interval" if has_intervals else ""
    lines = (
        f"A: {one_line(f'{pair.first.name} ({pair.first.run.path})')}",
        f"B: {one_line(f'{pair.second.name} ({pair.second.run.path})')}",
        f"accuracy in % of {pair.units.num_images} images{limit}; A - B in points{intervals}",
    )
    return Code(lines)


_HEADER = ("", "A", "B", "A - B", "only A", "only B", "test", "p", "Holm p")
_AHEAD = {"ahead": "A", "behind": "B", "undecided": "undecided"}


def _cell_grid(pair: Pair, part: FamilyPair | None = None, *, says_who: bool = False) -> Grid:
    """Return a row for the clean condition, and for each of a family.

    Args:
        pair: The comparison.
        part: The family; None for the clean condition alone.
        says_who: Whether a column says who is ahead: by each cell's own interval.
    """
    rows = []
    for condition, name in pair.conditions_of(part).items():
        cell = pair.cells[condition]
        p_values = _p_text(cell.p_value), _p_text(cell.adjusted_p_value)
        details = (*map(str, cell.discordance), cell.test, *p_values)
        who = (_AHEAD[pair.verdict(condition)],) if says_who else ()
        rows.append((name, *_accuracies(pair, [condition], cell.difference), *details, *who))
    return Grid((*_HEADER, "ahead") if says_who else _HEADER, tuple(rows))


def _short_grid(pair: Pair, part: FamilyPair) -> Grid:
    """Return the cells and their mean; of a family with means, these alone."""
    has_cells = not part.family.has_severities
    means = [
        (name, *_accuracies(pair, part.pools[name], pooled.difference), "", "", "",
         _p_text(pooled.p_value), "")
        for name, pooled in part.pooled.items()
    ]  # fmt: skip
    rows = (*_cell_grid(pair, part if has_cells else None).rows, *means)
    if has_cells:
        return Grid(_HEADER, rows)
    header = ("mean over severities", *_HEADER[1:4], "p")
    return Grid(header, tuple((*row[:4], row[7]) for row in rows))


def _accuracies(
    pair: Pair, conditions: Sequence[Condition], difference: Estimate
) -> tuple[str, ...]:
    """Return both mean accuracies over some conditions, and their difference."""
    accuracies = map(percent, pair.accuracies(conditions))
    return *accuracies, estimate_text(difference, signed_percent)


def _p_text(p_value: float) -> str:
    """Return two digits, or "<0.0001"."""
    return "<0.0001" if p_value < 1e-4 else f"{p_value:.2g}"


def _curve_sentences(part: FamilyPair) -> list[str]:
    curves = part.curves
    if curves is None:
        return []
    most = max(condition.severity for condition in part.members)
    show_sigma = partial(sigma, most=most)
    halves = [estimate_text(estimate, show_sigma) for estimate in curves.half_sigmas]
    crossing = curves.break_even
    meeting = (
        f"neither overtakes the other up to sigma {general(most)}"
        if math.isinf(crossing.value)
        else f"they break even at sigma {estimate_text(crossing, show_sigma)}"
    )
    areas = [estimate_text(estimate) for estimate in curves.areas]
    gap = estimate_text(curves.area_difference, signed_percent)
    return [
        f"Area under the curve (mean accuracy over sigma 0 to {general(most)}): A {areas[0]} %, "
        f"B {areas[1]} %, A - B {gap}. Half of the clean accuracy is left at sigma {halves[0]} for "
        f"A, {halves[1]} for B; {meeting}."
    ]


def _sentences(pair: Pair) -> list[str]:
    units, num_available = pair.units, min(mode.run.num_images for mode in pair.modes)
    lack = lack_sentence(units, num_available)
    sentences = [lack or _verdicts(pair)]
    if units.num_units >= MIN_UNITS:
        sentences.append(units_sentence(units))
    sentences.append(_tests(pair))
    if any(mode.is_class_ordered for mode in pair.modes):
        sentences.append(CLASS_ORDER)
    if pair.left_out:
        sentences.append(
            f"Conditions that only one of them was measured under, left out: {pair.left_out}."
        )
    return sentences


def _verdicts(pair: Pair) -> str:
    cells = pair.cells.values()
    found = [pair.verdict(condition) for condition in pair.cells]
    by_test = [cell for cell in cells if cell.adjusted_p_value < _SIGNIFICANT]
    wins = sum(cell.difference.value > 0 for cell in by_test)
    return (
        f"By the cells' own intervals A is ahead in {found.count('ahead')}, behind in "
        f"{found.count('behind')} of {len(found)} cells, undecided in {found.count('undecided')}; "
        f"with Holm's correction over these cells (p < {_SIGNIFICANT}) ahead in {wins}, behind in "
        f"{len(by_test) - wins}."
    )


_TESTS = {"mcnemar": "exact McNemar", "sign-flip": "sign flips of sets", "student-t": "Student's t"}


def _tests(pair: Pair) -> str:
    """Return which tests the p values are of, and the smallest that few units can reach."""
    (test,) = {cell.test for cell in pair.cells.values()}
    floor = 2.0 ** (1 - pair.units.num_units)
    limit = f", so that p cannot be below {_p_text(floor)}" if floor > 1e-4 else ""
    pooled = ", of means sign flips of images" if test == "mcnemar" else ""
    return f"p: {_TESTS[test]}{pooled}{limit}."
