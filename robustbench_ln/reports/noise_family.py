"""One noise over its sigmas: a row for each sigma, a curve, the area under it."""
# ruff: noqa: ARG002, D102 methods are explained, and take what they take, in `Family`

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from robustbench_ln.metrics.corruption_error import CorruptionErrors
from robustbench_ln.metrics.curves import (
    area_under_curve,
    half_accuracy_bounds,
    half_accuracy_sigma,
)
from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.metrics.student import mean_bounds
from robustbench_ln.metrics.units import Units
from robustbench_ln.reports.blocks import Block, Paragraph
from robustbench_ln.reports.family import Family, Meaning, Measured, Place, Row
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import MISSING, fixed, general, percent
from robustbench_ln.reports.references import LOCALNORM_PAPERS
from robustbench_ln.reports.table_grids import CLASS_ORDER_MARK, meaning_texts
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.results import Cell, ModeResults
from robustbench_ln.spec import Condition

__all__ = ["AREA", "HALF_SIGMA", "CleanFamily", "NoiseFamily", "random_group_grid"]

AREA = "area under the curve"
HALF_SIGMA = "sigma at half of the clean accuracy"


_NOISES: Mapping[str, str] = MappingProxyType(
    {
        "agn": "additive Gaussian noise (AGN)",
        "agn-neg": "AGN of mean zero (agn-neg)",
        "agn-additive": "AGN added to the pixels (agn-additive)",
        "apn": "additive Poisson noise (APN)",
        "apn-add": "APN added to the pixels (apn-add)",
        "mbn": "multiplicative Bernoulli noise (MBN)",
    }
)
_RANGES: Mapping[str, str] = MappingProxyType(
    {"clip": "values clipped", "rescale": "values rescaled", "none": "values not limited"}
)


@dataclass(frozen=True)
class NoiseFamily(Family):
    """A noise in one convention and range. The clean images are sigma 0."""

    rank: ClassVar[int] = 0
    heading: ClassVar[str] = "sigma"
    meanings: ClassVar[tuple[Meaning, ...]] = (
        Meaning("gain", "gain", 1, 2),
        Meaning("relative_noise_std", "noise std", 1, 2),
        Meaning("clipped_share", "clipped %", 100, 1),
        Meaning("psnr", "PSNR dB", 1, 1),
    )
    references: ClassVar[tuple[str, ...]] = LOCALNORM_PAPERS
    narrow_note: ClassVar[str] = "+-: half of the widest 95 % Wilson interval of a row, in points."

    @classmethod
    def of(cls, condition: Condition) -> NoiseFamily:
        """Return the family of a noise."""
        noise, convention, limits = condition.corruption, condition.convention, condition.range
        title = f"{_NOISES.get(noise, noise)}, {convention} convention, {_RANGES[limits or 'none']}"
        return cls(f"{noise}_{convention}_{limits}", title)

    def place_of(self, condition: Condition) -> Place:
        return Place("", "", condition.severity)

    def rows(self, columns: Collection[Collection[Place]]) -> list[Row]:
        places = sorted({place for column in columns for place in column})
        return [Row(general(p.severity), ((p,),), sigma=p.severity) for p in places]

    def levels_words(self, records: Sequence[Record]) -> str:
        return (
            f": sigma {', '.join(map(general, sorted({record.severity for record in records})))}."
        )

    def narrow_grid(self, table: Table) -> Grid:
        """Return a row for each mode, narrow columns; the last is the widest half interval."""
        meanings = [meaning_texts(table, row, self.meanings) for row in table.rows]
        lines = [
            (meaning.head, *(texts[i] for texts in meanings), "")
            for i, meaning in enumerate(self.meanings)
        ]
        indent = "  " if table.groups else ""
        for label, modes in table.by_run.items():
            lines += [(label, *[""] * len(table.rows), "")] if table.groups else []
            lines += [(indent + mode.title, *_narrow_cells(table, mode)) for mode in modes]
        return Grid((self.heading, *(row.name for row in table.rows), "+-"), tuple(lines))

    def notes_below(self, table: Table) -> list[Block]:
        """Return drawn accuracies beside their expectation over the random groups."""
        grid = random_group_grid(table)
        if grid is None:
            return []
        words = (
            "Modes with a random group: drawn accuracy in % (its exact expectation over the "
            "groups ± standard deviation)."
        )
        return [Paragraph(words), grid]

    def pools(self, members: Sequence[Condition]) -> dict[str, list[Condition]]:
        return {"mean over sigma": list(members)}

    def curve(self, clean: Condition | None, members: Sequence[Condition]) -> list[Condition]:
        return [] if clean is None else [clean, *members]

    def numbers(
        self,
        members: Sequence[Condition],
        measured: Measured,
        baseline: CorruptionErrors | Measured | None,
        units: Units | None,
    ) -> dict[str, Estimate]:
        points = self.curve(next((c for c in measured.errors if c.is_clean), None), members)
        if not points:
            return {}
        sigmas = np.array([point.severity for point in points])
        accuracy = 1 - np.array([measured.errors[point] for point in points])
        area, half_sigma = None, None
        if units is not None:
            outcomes = 1 - np.stack([measured.by_image[point] for point in points])  # [S, N]
            area = mean_bounds(area_under_curve(sigmas, outcomes.T), units).pick()
            half_sigma = half_accuracy_bounds(sigmas, outcomes, units).pick()
        return {
            AREA: Estimate(float(area_under_curve(sigmas, accuracy)), area),
            HALF_SIGMA: Estimate(float(half_accuracy_sigma(sigmas, accuracy)), half_sigma),
        }

    def explain_numbers(
        self,
        names: Collection[str],
        members: Collection[Condition],
        baseline: str | None,
    ) -> list[str]:
        return ["Area: mean accuracy over the range of sigma."]


@dataclass(frozen=True)
class CleanFamily(NoiseFamily):
    """The clean images, of runs that have no others: sigma 0 of any noise, which does nothing."""

    meanings: ClassVar[tuple[Meaning, ...]] = ()
    references: ClassVar[tuple[str, ...]] = ()


def _narrow_cells(table: Table, mode: ModeResults) -> list[str]:
    """Return a mode's accuracies, and the widest half of its intervals."""
    estimates = [table.estimate(row, mode) for row in table.rows]
    shown = [MISSING if e is None else percent(e.value) for e in estimates]
    intervals = [e.interval for e in estimates if e is not None and e.interval is not None]
    widest = percent(max((high - low) / 2 for low, high in intervals))
    return [*shown, widest + CLASS_ORDER_MARK * mode.is_class_ordered]


def random_group_grid(table: Table) -> Grid | None:
    """Return drawn accuracy, and its expectation and standard deviation over the random groups.

    None where no group was random.
    """
    modes = [
        mode
        for mode, cells in table.cells.items()
        if any(cell.expected is not None for cell in cells.values())
    ]
    if not modes:
        return None
    lines = [
        (row.name, *(_expectation(table.cells[mode].get(row.parts[0][0])) for mode in modes))
        for row in table.rows
    ]
    return Grid(("sigma", *(table.names[mode] for mode in modes)), tuple(lines))


def _expectation(cell: Cell | None) -> str:
    if cell is None or cell.expected is None:
        return MISSING
    mean, deviation = cell.expected
    return f"{percent(cell.accuracy)} ({percent(mean)} ± {fixed(100 * deviation, 2)})"
